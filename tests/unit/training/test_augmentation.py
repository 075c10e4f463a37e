"""Distorted images, against shifts and rotations that are exact."""

import pytest
import torch

from blocklab.training.augmentation import Augmentation


def augmentation(seed: int = 0, **strengths) -> Augmentation:
    return Augmentation(strengths, torch.Generator().manual_seed(seed))


def fixed(monkeypatch, name: str, *values: float) -> None:
    """Let what is drawn for `name` be `values` for every image."""
    draw = Augmentation._uniform

    def drawn(self, asked, images, *shape):
        return (
            torch.tensor(values).expand(shape)
            if asked == name
            else draw(self, asked, images, *shape)
        )

    monkeypatch.setattr(Augmentation, "_uniform", drawn)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(4, 1, 9, 9, generator=torch.Generator().manual_seed(1))


def test_nothing_asked_for_is_nothing_done(images):
    assert not augmentation()
    assert not augmentation(shift=0, rotation=0.0)
    assert torch.equal(augmentation(shift=0)(images), images)


def test_a_shift_of_whole_pixels_moves_them(images, monkeypatch):
    fixed(monkeypatch, "shift", 2.0, -1.0)
    moved = augmentation(shift=1)(images)
    # A new pixel is what lay 2 to its right and 1 above it.
    assert torch.allclose(moved[..., 1:, :-2], images[..., :-1, 2:], atol=1e-5)
    assert torch.allclose(moved[..., 0, :], torch.zeros(4, 1, 9), atol=1e-5)


def test_a_quarter_turn_turns(images, monkeypatch):
    fixed(monkeypatch, "rotation", 90.0)
    assert torch.allclose(augmentation(rotation=1)(images), images.rot90(1, (2, 3)), atol=1e-4)


def test_scale_makes_larger_by_its_share(monkeypatch):
    disc = torch.zeros(1, 1, 65, 65)
    disc[..., 22:43, 22:43] = 1
    fixed(monkeypatch, "scale", 0.5)
    larger = augmentation(scale=1)(disc)
    assert larger.sum().item() == pytest.approx(1.5**2 * disc.sum().item(), rel=0.05)


def test_shear_slants_and_keeps_the_area(monkeypatch):
    square = torch.zeros(1, 1, 65, 65)
    square[..., 22:43, 22:43] = 1
    fixed(monkeypatch, "shear", 30.0)
    slanted = augmentation(shear=1)(square)
    assert slanted.sum().item() == pytest.approx(square.sum().item(), rel=0.02)
    assert slanted[0, 0, 24].argmax() != slanted[0, 0, 40].argmax()


def test_elastic_moves_pixels_smoothly_by_about_its_strength(images):
    # A ramp shows how far a pixel came.
    ramp = torch.arange(28.0).expand(500, 1, 28, 28)
    moved = augmentation(elastic=1.0)(ramp)
    distance = (moved - ramp)[..., 8:-8, 8:-8]
    assert abs(distance.mean()) < 0.1
    assert 0.4 < distance.std() < 1.1
    assert distance.diff(dim=-1).abs().max() < 1.5


def test_erasing_blackens_a_square_of_every_image_or_what_of_it_is_inside():
    white = torch.ones(2000, 1, 12, 12)
    erased = (augmentation(erasing=4)(white) == 0).sum(dim=(1, 2, 3))
    assert erased.max() == 16 and erased.min() >= 4
    assert erased.float().mean() < 16


def test_images_differ_and_a_state_gives_the_same_again(images):
    same = images[:1].expand(4, -1, -1, -1)
    first, second = (augmentation(3, rotation=20, elastic=1)(same) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first[0], first[1])


def test_colours_move_together():
    colours = torch.rand(3, 1, 9, 9).expand(3, 3, 9, 9).contiguous()
    moved = augmentation(shift=2, shear=10, elastic=1, erasing=3)(colours)
    assert torch.equal(moved[:, 0], moved[:, 1]) and torch.equal(moved[:, 0], moved[:, 2])
    assert moved.is_contiguous(memory_format=torch.channels_last)
