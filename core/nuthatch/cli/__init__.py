"""The command line: `nuthatch COMMAND …`.

    main ──▶ group ──▶ commands/NAME          imported only when that command runs
      │                   │
      │                   ├──▶ screen         readable text; rich only on a terminal
      │                   └──▶ answer         one JSON object, with --json
      └──▶ exits                              which error ends with which code

Answers go to standard output; errors, progress and acknowledgements go to standard error. With
--json, standard output holds exactly one JSON object, also when the command fails: then it is
`{"error": {"type": …, "message": …}}`. Only an interrupted command prints none.
"""
