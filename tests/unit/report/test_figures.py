"""The figures: what they show, what they do at the edges, and that their bytes are reproducible."""

import inspect
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from made_up_explanations import MADE
from made_up_figures import (
    EXPLANATION,
    MANIFEST,
    NETWORKS,
    counted,
    explained,
    histories,
    networks_table,
    runs_table,
    samples,
)
from matplotlib.colors import to_rgb
from safetensors.numpy import save_file

import blocklab.report.figures
from blocklab.data.manifest import write_manifest
from blocklab.files import write_arrays, write_table
from blocklab.report.figures import (
    accuracy_against_cost,
    learning_curves,
    recall,
    resource_use,
)
from blocklab.report.figures.catalogue import FIGURES, Entry
from blocklab.report.figures.drawing import draw_figure
from blocklab.report.figures.style import (
    BASELINE_COLOUR,
    clip,
    ink_on,
    log_axis,
    save,
    steps_between,
    styles,
)
from blocklab.report.misses import COLUMNS

CAPTIONS = Path(__file__).parents[3] / "workflow" / "report"


def curves(errors: list[float], networks: int = 1, **more):
    """Return the panels of the learning curves of networks with the same errors."""
    return learning_curves.draw(histories(errors, networks, **more), networks_table(networks)).axes


def own(panel):
    """Return a network's own curves, validation first; those of others are further back."""
    return [line for line in panel.lines if line.get_zorder() == 2]


@pytest.fixture
def study(tmp_path):
    """The arguments of `draw_figure` that any figure may ask for, from a study of two networks."""
    write_table(tmp_path / "networks.csv", networks_table(2))
    write_table(tmp_path / "histories.csv", histories([0.2, 0.1], 2, seeds=2))
    write_table(tmp_path / "confusion.csv", counted(np.eye(10, dtype=int) * 90 + 1))
    misses = [(NETWORKS[1], image, 1, 7, 2, 2, 2, 0.9) for image in range(30)]
    write_table(tmp_path / "misses.csv", pd.DataFrame(misses, columns=COLUMNS))
    images = np.zeros((100, 1, 28, 28), np.uint8)
    save_file(
        {"test_images": images, "test_indices": np.arange(100)}, tmp_path / "data.safetensors"
    )
    write_manifest(tmp_path / "manifest.json", MANIFEST)
    write_table(tmp_path / "runs.csv", runs_table(networks_table(2), seeds=2))
    for kind in ("agreement", "perturbation", "explanations"):
        write_table(tmp_path / f"{kind}.csv", MADE[kind](NETWORKS[:2]))
    files = {path.stem: str(path) for path in tmp_path.iterdir()}
    files["attributions"] = [str(tmp_path / f"{name}.npz") for name in NETWORKS[:2]]
    for seed, path in enumerate(files["attributions"]):
        write_arrays(path, **explained(seed))
    files["attributions_by_seed"] = [p for p in files["attributions"] for _ in range(2)]
    files["samples"] = [str(tmp_path / f"{name}.csv") for name in NETWORKS[:2]]
    for path in files["samples"]:
        write_table(path, samples(50))
    log = tmp_path / "job.log"
    log.write_text("12:00:00 INFO worked from 5.00 to 9.00\n")
    values = {"explanation": EXPLANATION, "logs": {"train": {"vgg": str(log)}}}

    def draw(name: str):
        given, settings = (
            {key: of[key] for key in FIGURES[name].reads if key in of} for of in (files, values)
        )
        return draw_figure(name, given, NETWORKS[:2], settings)

    return draw


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_a_png_with_the_same_bytes_every_time(tmp_path, study, name):
    first, second = tmp_path / "first.png", tmp_path / "deeper" / "second.png"
    save(study(name), first)
    save(study(name), second)
    content = first.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert content == second.read_bytes()
    assert b"matplotlib" not in content.lower()
    assert 5_000 < len(content) < 2_000_000
    assert int.from_bytes(content[16:20]) > 800  # pixels across
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == ["first.png", "second.png"]


@pytest.mark.parametrize("name", FIGURES)
def test_a_registered_figure_takes_what_it_reads_and_has_a_caption(name):
    draw = import_module(f"blocklab.report.figures.{name}").draw
    assert tuple(inspect.signature(draw).parameters) == FIGURES[name].reads
    assert (CAPTIONS / f"{name}.rst").read_text().strip()


def test_another_figure_is_a_module_and_an_entry(tmp_path, study, monkeypatch):
    (tmp_path / "toy.py").write_text(
        "from matplotlib.figure import Figure\ndef draw(networks, attributions):\n"
        "    return Figure((len(networks), len(attributions['network_1']['images'])))\n"
    )
    packages = blocklab.report.figures.__path__
    monkeypatch.setattr(blocklab.report.figures, "__path__", [*packages, str(tmp_path)])
    monkeypatch.setitem(FIGURES, "toy", Entry("a toy", ("networks", "attributions")))
    assert study("toy").get_size_inches().tolist() == [2, 13]


def test_what_is_of_every_seed_comes_as_lists_by_network(tmp_path, study, monkeypatch):
    (tmp_path / "seeds.py").write_text(
        "def draw(attributions_by_seed):\n    return attributions_by_seed"
    )
    packages = blocklab.report.figures.__path__
    monkeypatch.setattr(blocklab.report.figures, "__path__", [*packages, str(tmp_path)])
    monkeypatch.setitem(FIGURES, "seeds", Entry("a toy", ("attributions_by_seed",)))
    given = study("seeds")
    assert list(given) == NETWORKS[:2]
    for number, runs in enumerate(given.values()):
        expected = explained(number)["attributions"]
        assert [np.array_equal(run["attributions"], expected) for run in runs] == [True, True]
    # As many runs as there may be: a process may have few files open.
    assert not [file for file in psutil.Process().open_files() if file.path.endswith(".npz")]


def test_a_figure_gets_the_networks_that_a_page_shows(tmp_path, study, monkeypatch):
    (tmp_path / "some.py").write_text(
        "def draw(attributions_by_seed):\n    return [*attributions_by_seed]"
    )
    packages = blocklab.report.figures.__path__
    monkeypatch.setattr(blocklab.report.figures, "__path__", [*packages, str(tmp_path)])
    monkeypatch.setattr("blocklab.report.figures.drawing.hidden_networks", lambda _: NETWORKS[:1])
    monkeypatch.setitem(FIGURES, "some", Entry("a toy", ("networks", "attributions_by_seed")))
    assert study("some") == NETWORKS[1:2]


def test_twelve_networks_look_different_and_the_baseline_is_grey():
    table = networks_table(12)
    looks = styles(table.assign(baseline=table.index == 3))
    assert len(set(looks.values())) == 12
    assert len({look.marker for look in looks.values()}) == 12
    assert looks[NETWORKS[3]].colour == BASELINE_COLOUR
    assert styles(table)[NETWORKS[5]] == looks[NETWORKS[5]]


def test_learning_curves_show_the_mean_error_in_percent_with_the_range_over_seeds():
    (panel,) = curves([0.2, 0.1], seeds=3)
    assert panel.get_yscale() == "log"
    validation, training = own(panel)
    assert validation.get_ydata() == pytest.approx([20.1, 10.1])
    assert training.get_ydata() == pytest.approx([20, 10])
    band = panel.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((10.0, 20.2))
    assert to_rgb(validation.get_color()) == to_rgb(BASELINE_COLOUR)


def test_every_network_has_a_panel_before_the_others():
    panels = curves([0.2, 0.1], networks=12)
    assert [panel.get_title(loc="left") for panel in panels[1:3]] == NETWORKS[1:3]
    assert [panel.get_visible() for panel in panels] == [True] * 12 + [False] * 3
    assert len({panel.get_ylim() for panel in panels}) == 1
    for panel in panels[:12]:
        assert len(own(panel)) == 2
        assert len(panel.lines) == 2 + 11
        assert own(panel)[0].get_ydata() == pytest.approx([20, 10])
    behind = [line for line in panels[1].lines if line.get_linestyle() == "--"]
    assert len(behind) == 1, "the baseline"


def test_without_a_validation_split_only_the_training_error_is_shown():
    figure = learning_curves.draw(histories([0.2, 0.1], 2, validation=False), networks_table(2))
    assert [len(own(panel)) for panel in figure.axes] == [1, 1]
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["on training images, during it", "the others during it", "the baseline"]


def test_one_epoch_is_shown_as_points_with_the_range_over_seeds():
    panel = curves([0.1], networks=12, seeds=2)[0]
    assert all(line.get_marker() not in ("", "None") for line in panel.lines)
    assert [tick for tick in panel.get_xticks() if 0.5 <= tick <= 1.5] == [1]
    assert panel.collections[0].get_segments()[0][:, 1] == pytest.approx([10, 10.1])


def test_an_error_of_zero_is_drawn_inside_the_log_axis_and_the_label_says_where():
    figure = learning_curves.draw(
        histories([0.02, 0.0, 1e-17], validation=False), networks_table(1)
    )
    (panel,) = figure.axes
    assert own(panel)[0].get_ydata() == pytest.approx([2, 1, 1])
    assert panel.get_ylim()[0] < 1
    assert "0 drawn at 1" in figure.get_supylabel()


def test_an_error_of_nearly_all_ends_the_axis_at_all():
    (panel,) = curves([0.99, 0.9], validation=False)
    assert panel.get_ylim() == pytest.approx((50, 100))


def test_no_error_at_all_still_gives_a_figure():
    (panel,) = curves([0.0], validation=False)
    low, high = panel.get_ylim()
    assert 0 < low < own(panel)[0].get_ydata()[0] < high


def test_accuracy_against_cost_names_every_network_once_and_the_baseline_as_such():
    figure = accuracy_against_cost.draw(networks_table(3))
    (legend,) = figure.legends
    named = [text.get_text() for text in legend.get_texts()]
    assert named == [f"{NETWORKS[0]} (baseline)", *NETWORKS[1:3]]


def test_accuracy_against_cost_is_high_enough_for_the_names_of_many_networks():
    many = networks_table(12).iloc[np.resize(np.arange(12), 30)]
    figure = accuracy_against_cost.draw(many.assign(network=[f"n{i}" for i in range(30)]))
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert figure.bbox.y0 <= legend.y0 < legend.y1 <= figure.bbox.y1


def test_accuracy_against_cost_draws_the_interval_of_the_error():
    panel = accuracy_against_cost.draw(networks_table(1)).axes[0]
    assert panel.lines[0].get_xydata()[0] == pytest.approx([1e6, 1.5])
    assert panel.collections[0].get_segments()[0][:, 1] == pytest.approx([1.3, 1.7])
    assert "95 % interval" in panel.get_ylabel()


def test_accuracy_against_cost_without_intervals_costs_or_errors():
    table = networks_table(3)
    table[["test_acc_low", "test_acc_high"]] = np.nan
    table.loc[1, "test_acc"] = 1.0
    table.loc[2, "seconds_per_epoch"] = np.nan
    compute, time = accuracy_against_cost.draw(table).axes
    assert "interval" not in compute.get_ylabel()
    assert "0 drawn at" in compute.get_ylabel()
    assert np.isfinite(compute.lines[2].get_xdata()).all()
    assert np.isnan(time.lines[2].get_xdata()).all()


def test_a_log_axis_has_enough_ticks_for_close_values_and_few_over_many_decades():
    panel = accuracy_against_cost.draw(networks_table(1)).axes[0]
    for values, ticks in [
        ([1.1, 1.2], [1, 1.2, 1.4, 1.6, 1.8, 2]),
        ([1.4, 4.3], [1, 1.5, 2, 3, 4, 5]),
        ([0.7, 8.0], [0.5, 1, 2, 5, 10]),
        ([0.003, 4e3], [0.01, 0.1, 1, 10, 100, 1000]),
    ]:
        log_axis(panel.xaxis, np.array([*values, np.nan, 0.0]), panel.xaxis.get_major_formatter())
        low, high = panel.get_xlim()
        assert low < min(values) < max(values) < high
        assert list(panel.get_xticks()) == pytest.approx(ticks)
    assert list(steps_between(3, 30)) == pytest.approx([5, 10, 20])


def test_resource_use_shows_a_gpu_where_there_is_one_with_the_means():
    gpu = {"gpu_utilisation_percent": 41.0, "gpu_memory_access_percent": 9.0}
    one = samples(2, **gpu, gpu_allocated_bytes=2.0**27)
    one.loc[1, "cpu_percent"] = 100
    figure = resource_use.draw({NETWORKS[0]: one, NETWORKS[1]: samples(30)}, networks_table(2))
    assert [axes.get_title(loc="left") for axes in figure.axes[:5]] == [
        "GPU utilisation (%)", "GPU memory access (%)", "allocated GPU memory (MiB)",
        "processor use (% of a core)", "process memory (MiB)",
    ]  # fmt: skip
    texts = [axes.texts[0].get_text() for axes in figure.axes]
    assert texts[:5] == ["mean 41 %", "mean 9 %", "mean 128 MiB", "mean 95 %", "mean 512 MiB"]
    assert texts[5:] == ["not known"] * 3 + ["mean 90 %", "mean 512 MiB"]
    assert [axes.get_ylabel() for axes in figure.axes[::5]] == [
        f"{NETWORKS[0]} (baseline)\n0.4 s", f"{NETWORKS[1]}\n6.0 s"
    ]  # fmt: skip
    assert figure.axes[0].lines[0].get_xdata().tolist() == [50, 100]


def test_resource_use_without_a_gpu_and_without_samples(tmp_path):
    two = {NETWORKS[0]: samples(9), NETWORKS[1]: samples(1)}
    figure = resource_use.draw(two, networks_table(2))
    assert len(figure.axes) == 2, "a panel each of CPU and memory, for the one that took some time"
    nothing = resource_use.draw({name: samples(0) for name in NETWORKS[:2]}, networks_table(2))
    save(nothing, tmp_path / "nothing.png")
    assert nothing.texts[0].get_text() == "no training took long enough to be sampled"


def test_dollars_in_a_name_are_no_formula(tmp_path):
    table = networks_table(2)
    names = {"class_names": [rf"$\frac{{{number}$" for number in range(10)]}
    figure = recall.draw(table, counted(np.eye(10, dtype=int)), names)
    save(figure, tmp_path / "recall.png")
    assert figure.axes[0].get_xticklabels()[3].get_text() == r"$\frac{3$"


def test_numbers_on_colours_are_in_the_ink_that_stands_out_more():
    assert ink_on((1, 1, 1, 1)) == ink_on((0.95, 0.6, 0.1, 1)) == "black"
    assert ink_on((0, 0, 0.4, 1)) == ink_on((0.4, 0.2, 0, 1)) == "white"


def test_a_name_that_is_cut_short_keeps_its_end():
    assert clip("automobile", 10) == "automobile"
    assert clip("a class with a long name 17", 12) == "a class\N{HORIZONTAL ELLIPSIS}e 17"
