"""One part changed inside one network: plans of arms × seeds, what they brought, what that says.

`plan` reads a plan, `results` its small files, `statistics` and `report` say what follows from
them, all without torch; `scoring`, `pictures` and `runner` train and measure. The project's own
plan is lineage.json; what is done of it lies in lineage/, which pages read.
"""
