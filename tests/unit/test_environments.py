"""The environments for conda hold what the scripts import, at the versions of the lock file."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
WORKFLOW = PROJECT / "workflow"
ENVIRONMENTS = sorted((PROJECT / "envs").glob("*.yaml"))


def locked() -> dict[str, str]:
    """Versions of requirements.lock for the environments' Python, 3.11."""
    versions = {}
    for line in (PROJECT / "requirements.lock").read_text().splitlines():
        pin = re.fullmatch(r"([\w.-]+)==(\S+)( ; .*)?", line)
        if pin and "python_full_version >= '3.12'" not in line:
            versions[pin[1]] = pin[2]
    return versions


def pins(environment: Path) -> dict[str, str]:
    dependencies = yaml.safe_load(environment.read_text())["dependencies"]
    (pip,) = [part["pip"] for part in dependencies if isinstance(part, dict)]
    return dict(line.split("==") for line in pip)


def imported(path: Path, seen: set[Path]) -> set[str]:
    """Top-level packages that a file and all it imports of blocklab import, wherever they do."""
    if path in seen:
        return set()
    seen.add(path)
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    packages = {name.partition(".")[0] for name in names} - {"blocklab"}
    for name in names:
        module = WORKFLOW.joinpath(*name.split("."))
        for file in (module.with_suffix(".py"), module / "__init__.py"):
            if name.startswith("blocklab") and file.is_file():
                packages |= imported(file, seen)
        if name == "blocklab.networks.blocks":
            for file in module.glob("*.py"):
                packages |= imported(file, seen)
    return packages


def scripts_by_environment() -> list[tuple[str, str]]:
    found = []
    for rules in sorted((WORKFLOW / "rules").glob("*.smk")):
        text = rules.read_text()
        environments = re.findall(r'"\.\./\.\./envs/(\w+)\.yaml"', text)
        scripts = re.findall(r'"\.\./scripts/(\w+)\.py"', text)
        assert len(environments) == len(scripts), rules
        found += zip(scripts, environments, strict=True)
    return found


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_environment_agrees_with_the_lock_file(environment):
    versions = locked()
    assert pins(environment) == {name: versions.get(name) for name in pins(environment)}


@pytest.mark.parametrize(("script", "environment"), scripts_by_environment())
def test_environment_has_what_the_script_imports(script, environment):
    used = imported(WORKFLOW / "scripts" / f"{script}.py", set()) - sys.stdlib_module_names
    known = packages_distributions()
    distributions = {known[name][0].lower() for name in used}
    assert distributions <= set(pins(PROJECT / "envs" / f"{environment}.yaml"))


def test_every_script_belongs_to_a_rule():
    scripts = {path.stem for path in (WORKFLOW / "scripts").glob("*.py")}
    assert scripts == {script for script, _ in scripts_by_environment()}


def test_lock_file_pins_every_requirement():
    wanted = [
        re.split(r"[=<>!~]", line)[0]
        for line in (PROJECT / "requirements.in").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert set(wanted) <= set(locked())
