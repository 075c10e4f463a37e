"""What the summary says of attributions: sentences, and tables, of which some are folded."""

from typing import Any

from blocklab.report.explanations.sentences import (
    SEVERAL_SEEDS,
    explanation_findings,
    what_baseline_sees,
)
from blocklab.report.explanations.tables import explanation_tables
from blocklab.report.study_files import Study

SHOWN = {
    "with_baseline": "Agreement with the baseline network",
    "look": "What the maps look like, and whether they depend on the weights",
}
FOLDED = {
    "pairs": "Agreement of every pair of networks",
    "gain": "Whether pixels with much attribution matter: symmetric relevance gain",
    "completeness": "Completeness, steps and ties",
    "baseline_images": "Other baseline images",
    "order": "Order of networks under other baseline images",
}
# What a reader must know of a table that is opened alone.
NOTES = {
    "gain": "Area between insertion and deletion curves, in probability of the true class. The "
    "measure favours smooth maps, and no network was trained on filled images.",
    "completeness": "Attributions should sum to the change of the target between the black image "
    "and the image; the error is what is missing. The effect of ties is how far a map moves where "
    "equal pixels of a max-pool share the gradient. Of several seeds: their mean; of the most "
    "steps and of one image in 20, the worst.",
    "baseline_images": "A black image can give no attribution to black pixels; others can. The "
    "last columns are what a network says of the baseline image itself.",
    "order": "Kendall's tau of the networks' agreement with the baseline network, against that "
    "order from a black image.",
}
ONE_SEED = f"On the diagonal, other seeds of the same network: unknown with one; {SEVERAL_SEEDS}."


def explained(study: Study) -> dict[str, Any]:
    """Return what the template says of attributions, by the names that it has for it."""
    tables = (study.explanations, study.agreement, study.baselines, study.networks)
    names = study.manifest["class_names"]
    notes = NOTES if study.agreement["pairs"].all() else NOTES | {"pairs": ONE_SEED}
    found = explanation_tables(*tables, names)
    return {
        "sees": what_baseline_sees(study.explanations, study.agreement, study.networks),
        "explanation_sentences": explanation_findings(*tables, names),
        "explanations": {title: found[name] for name, title in SHOWN.items()},
        "folded_explanations": {title: found[name] for name, title in FOLDED.items()},
        "notes": {FOLDED[name]: note for name, note in notes.items()},
        "explained_images": int(study.explanations["images"].iloc[0]),
        "checked_images": int(study.explanations["checked"].iloc[0]),
    }
