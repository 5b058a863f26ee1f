"""Lab 5's oracles: which words a module may consist of, from labs/5-sfi/checks/forms.def and from disassemblers."""
