"""What is computed of ranked lists: measures of relevance, their bounds, and agreement.

measure        the name, the parameters and the definition of a measure
grade_matrix   ranked lists with the grades of their documents, as arrays
formulas       our own computation of each measure, from a grade matrix
computation    the values that a comparison reports: by ir-measures, or by our formulas
coverage       how much of the lists is judged; bounds: what the rest could change
agreement      how alike two systems answer, without judgments; rbo: rank-biased overlap
"""
