"""What every registered landmark generator promises: a score for each star that depends on that star alone.

Stars of a made sky, and those of the same sky in another order and in pieces.
"""

import dataclasses

import numpy as np
import pytest

from helios.catalog.synthetic import Synthetic
from helios.landmarks.generate import generate_landmarks
from helios.landmarks.generators import GENERATORS

COUNT = 200


@pytest.fixture(params=GENERATORS.names())
def name(request):
    return request.param


@pytest.fixture(scope="module")
def stars():
    (table,) = Synthetic(COUNT, seed=4).chunks()
    return table


class TestGenerator:
    def test_it_is_a_frozen_dataclass_of_options_with_help_and_defaults(self, name):
        generator = GENERATORS.get(name)
        assert dataclasses.is_dataclass(generator)
        assert generator.__dataclass_params__.frozen
        assert generator() == GENERATORS.make(name)
        assert all(field.metadata["help"] for field in dataclasses.fields(generator))

    def test_every_star_has_a_finite_score(self, name, stars):
        score = GENERATORS.make(name).score(stars)
        assert score.shape == (COUNT,)
        assert np.isfinite(score).all()
        assert len(np.unique(score)) > COUNT // 2

    def test_a_score_depends_on_the_star_alone(self, name, stars):
        generator, order = GENERATORS.make(name), np.random.default_rng(3).permutation(COUNT)
        score = generator.score(stars)
        np.testing.assert_array_equal(generator.score(stars[order]), score[order])
        np.testing.assert_array_equal(generator.score(stars[7:8]), score[7:8])

    def test_the_highest_scores_become_landmarks(self, name, stars):
        landmarks, counts = generate_landmarks([Synthetic(COUNT, seed=4)], 5, name)
        best = np.argsort(-GENERATORS.make(name).score(stars))[:5]
        assert [landmark.id for landmark in landmarks] == [f"star-{stars.source_id[i]}" for i in best]
        assert {landmark.source for landmark in landmarks} == {f"synthetic {COUNT}, by {name}"}
        assert (counts.rows_read, counts.rejected) == (COUNT, 0)
