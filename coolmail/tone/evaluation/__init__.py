"""How good the tone model is, measured on mail that it has never seen and beside what it has to beat.

`python -m coolmail.tone.evaluate` is the one command. Its parts, each one idea: `mails` and `public` read what is labelled, `judges` and
`baselines` give every text a heat, `measures` are the statistics, `figures` what is said of one set, `worst` the errors to read, `charts` and
`markdown` how it is shown. Needs the dependency group `evaluate`, and for its mails the source tree; the product needs neither.
"""
