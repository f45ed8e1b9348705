"""The demo: a small corpus of films with judged queries, tried on every embedded engine.

films/   ──▶ judged ──▶ engines ──▶ tour ──▶ nuthatch.cli.commands.demo shows it
corpus, queries, qrels  opened and   searches, quality, proof
(BEIR's layout)         filled
"""
