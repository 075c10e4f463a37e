# Pictures of every network and of its blocks, drawn from what planning found in the modules.
STRUCTURE = f"{OUT}/figures/structure/{{network}}"


rule structure:
    output:
        networks=expand(f"{STRUCTURE}.svg", network=NETWORKS),
        blocks=expand(f"{STRUCTURE}_block.svg", network=NETWORKS),
    log:
        f"{OUT}/logs/structure.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        networks=NETWORKS,
        structures=canonical_json(
            {name: PLAN[name].get("structure") for name in NETWORKS}
        ),
        code=code("structure.py"),
    message:
        "Draw structure of every network"
    script:
        "../scripts/structure.py"
