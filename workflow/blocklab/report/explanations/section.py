"""What the summary says of attributions: sentences, and tables, of which some are folded."""

from typing import Any

from blocklab.report.explanations.sentences import explanation_findings, what_baseline_sees
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
    "order": "Whether the order of networks holds under them",
}


def explained(study: Study) -> dict[str, Any]:
    """Return what the template says of attributions, by the names that it has for it."""
    tables = (study.explanations, study.agreement, study.baselines, study.networks)
    names = study.manifest["class_names"]
    found = explanation_tables(*tables, names)
    return {
        "sees": what_baseline_sees(study.explanations, study.agreement, study.networks),
        "explanation_sentences": explanation_findings(*tables, names),
        "explanations": {title: found[name] for name, title in SHOWN.items()},
        "folded_explanations": {title: found[name] for name, title in FOLDED.items()},
        "explained_images": int(study.explanations["images"].iloc[0]),
        "checked_images": int(study.explanations["checked"].iloc[0]),
    }
