# What training will have trained on, where that is known already.
DATA_SHA256 = recorded(MANIFEST).get("sha256")
PREPARED = {"data_sha256": DATA_SHA256} if DATA_SHA256 else {}


def seeds_to_train(network):
    """The seeds without a run of the settings, code and data that are planned now."""
    planned = PREPARED | {
        "settings_sha256": digest(training_settings(network)),
        "dataset": data_settings(),
        "code": code("train.py", network=network),
    }
    anew = CHANGED or forces_all()
    return [
        seed
        for seed in SEEDS
        if anew or not is_trained(RUN.format(network=network, seed=seed), planned)
    ]


# They share jobs. A job on a cluster reads this file when others are done; it is told what was
# decided, because the rule that it runs might be gone by then.
if workflow.is_main_process:
    missing = {network: seeds_to_train(network) for network in NETWORKS}
    PACKS = pack(missing, config["seeds"]["per_job"])
    os.environ.update(BLOCKLAB_PACKS=canonical_json(PACKS))


envvars:
    "BLOCKLAB_PACKS",


# The rule for one seed, then those that train several in one job. What Snakemake compares of a run
# is the same in all of them.
ONE = ("train", ["{seed}"], "[a-z][a-z0-9_]*", "seed {wildcards.seed}")
SEVERAL = [
    (rule_name(seeds), seeds, "|".join(networks), f"seeds {span(seeds)}")
    for seeds, networks in json.loads(os.environ["BLOCKLAB_PACKS"])
]
for name, seeds, networks, label in (ONE, *SEVERAL):

    rule:
        name:
            name
        input:
            data=DATA,
        output:
            **{
                kind: expand(f"{RUN}/{file}", seed=seeds, allow_missing=True)
                for kind, file in TRAINED.items()
            },
        log:
            # Of several seeds the first has it; the job gives it to the others, too.
            expand(f"{RUN_LOG}/train.log", seed=seeds[0], allow_missing=True),
        wildcard_constraints:
            network=networks,
        priority: duration_rank
        conda:
            "../../envs/torch.yaml"
        threads: config["training"]["threads"]
        resources:
            **asked_of("train", len(seeds)),
        params:
            settings=lambda wildcards: canonical_json(
                training_settings(wildcards.network)
            ),
            code=lambda wildcards: code("train.py", network=wildcards.network),
            # What takes an input Snakemake does not compare: it is for the record, and for what
            # is computed while the network is at hand.
            dataset=lambda wildcards, input: data_settings(),
            ahead=lambda wildcards, input: {
                "evaluate": evaluation_params(wildcards.network),
                "explain": explanation_params(wildcards.network),
            },
        message:
            f"Train {{wildcards.network}}, {label}"
        script:
            "../scripts/train.py"


for name, *_ in SEVERAL:
    workflow.ruleorder(name, "train")
