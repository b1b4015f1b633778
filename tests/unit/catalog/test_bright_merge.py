"""Proves that a survey and the embedded bright stars become one list, in which each star stands once.

What a survey sees of the list at another epoch is worked out by astropy. The made cases are a star's own row with one
thing wrong with it.
"""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import Distance, SkyCoord
from astropy.time import Time

from helios.catalog.bright_merge import resolve
from helios.catalog.bright_stars import BrightStars
from helios.catalog.table import NO_ID, StarTable

# HR 322, which the list puts at 8 kpc, would be too fast there: astropy takes its direction alone.
pytestmark = pytest.mark.filterwarnings('ignore:ERFA function "pmsafe" yielded 1 of "distance overridden')

SIRIUS, VEGA, ALPHA_CEN, MIZAR, GAMMA_VIR = -2491, -7001, (-5459, -5460), (-5054, -5055), (-4825, -4826)

LAST_ID = 4_000_000_000_000_000_000


@pytest.fixture(scope="module")
def bright():
    return BrightStars()


def seen_at(bright, epoch: float) -> StarTable:
    """The list as a survey has it that looks at another epoch and has identifiers of its own."""
    stars = bright.stars
    place = SkyCoord(
        stars.ra * u.deg,
        stars.dec * u.deg,
        distance=Distance(parallax=stars.parallax * u.mas),
        pm_ra_cosdec=stars.pmra * u.mas / u.yr,
        pm_dec=stars.pmdec * u.mas / u.yr,
        radial_velocity=stars.radial_velocity * u.km / u.s,
        obstime=Time(2000.0, format="jyear", scale="tdb"),
    ).apply_space_motion(Time(epoch, format="jyear", scale="tdb"))
    return stars.with_columns(
        source_id=np.arange(len(stars)) + LAST_ID,
        ra=place.ra.deg,
        dec=place.dec.deg,
        parallax_error=stars.parallax / 100.0,
    )


def rows_of(bright, *source_ids) -> StarTable:
    """Rows of a survey at J2000 that are the given stars, under identifiers of their own, well measured."""
    here = np.concatenate([np.flatnonzero(bright.stars.source_id == i) for i in source_ids])
    stars = bright.stars[here]
    return stars.with_columns(source_id=LAST_ID + np.arange(len(here)), parallax_error=stars.parallax / 100.0)


def shifted(stars: StarTable, arcsec: float, fainter: float = 0.0) -> StarTable:
    """The same rows so far north, and so much fainter."""
    return stars.with_columns(
        dec=stars.dec + arcsec / 3600.0,
        phot_g_mean_mag=stars.phot_g_mean_mag + fainter,
        source_id=stars.source_id + 1000,
    )


def added(bright, merged) -> list[int]:
    return bright.stars.source_id[merged.added].tolist()


def outcome(bright, held):
    """What the merge leaves of the rows, and adds, whatever the tables they come in."""
    merged = resolve(bright, held)
    left = [stars.source_id[mask] for (stars, _), mask in zip(held, merged.ordinary)]
    return sorted(np.concatenate(left).tolist()), added(bright, merged), merged.provenance()


@pytest.mark.parametrize("epoch", [1991.25, 2016.0, 2100.0])
def test_copies_of_all_stars_at_another_epoch_are_each_found_and_none_is_added(bright, epoch):
    survey = seen_at(bright, epoch)
    assert bright.may_be(survey, epoch).all()
    merged = resolve(bright, [(survey, epoch)])
    assert merged.ordinary[0].all()
    assert merged.provenance() == {"rows": 9090, "as_surveyed": 9090, "replaced": 0, "repeated": 0, "added": 0}
    # Compared as if it were J2000 the fast stars are not where the list has them: what the common epoch is for.
    assert len(resolve(bright, [(survey, 2000.0)]).added) >= 8


def test_pieces_and_their_order_do_not_matter(bright):
    survey = seen_at(bright, 2016.0)[::2]
    dim = shifted(survey[:200], 0.4, 3.0)
    whole = StarTable.concatenate([survey, dim])
    expected = outcome(bright, [(whole, 2016.0)])
    assert expected[2]["added"] > 4000
    random = np.random.default_rng(5)
    for pieces in (2, 7, 300):
        shuffled = whole[random.permutation(len(whole))]
        cuts = np.array_split(np.arange(len(whole)), pieces)
        assert outcome(bright, [(shuffled[cut], 2016.0) for cut in cuts]) == expected


def test_merging_what_is_merged_changes_nothing(bright):
    survey = seen_at(bright, 2016.0)[::3]
    first = resolve(bright, [(survey, 2016.0)])
    new = bright.placed(first.added, 2016.0, "inverse", keep_motion=False)
    once = StarTable.concatenate([survey[first.ordinary[0]], new])
    assert len(once) == 9090
    again = resolve(bright, [(once, 2016.0)])
    assert again.ordinary[0].all()
    assert len(again.added) == 0


def test_components_of_double_stars_stay_two(bright):
    doubles = rows_of(bright, *ALPHA_CEN, *MIZAR, *GAMMA_VIR)
    merged = resolve(bright, [(doubles, 2000.0)])
    assert merged.ordinary[0].all()
    assert not set(added(bright, merged)) & {*ALPHA_CEN, *MIZAR, *GAMMA_VIR}
    # The survey has one of the two, and the other is added.
    for pair in (ALPHA_CEN, MIZAR, GAMMA_VIR):
        for present, absent in (pair, pair[::-1]):
            merged = resolve(bright, [(rows_of(bright, present), 2000.0)])
            assert merged.ordinary[0].all()
            assert set(added(bright, merged)) & set(pair) == {absent}


def test_a_row_with_an_uncertain_parallax_gives_way(bright):
    row = rows_of(bright, SIRIUS, VEGA)
    row = row.with_columns(parallax_error=row.parallax / np.array([4.9, 5.1]))
    merged = resolve(bright, [(row, 2000.0)])
    assert merged.ordinary[0].tolist() == [False, True]
    assert SIRIUS in added(bright, merged)
    assert VEGA not in added(bright, merged)
    assert (merged.merged, merged.replaced) == (2, 1)
    # Where nothing is said of errors, there is nothing against it.
    unsaid = row.with_columns(parallax_error=None)
    assert resolve(bright, [(unsaid, 2000.0)]).ordinary[0].all()


@pytest.mark.parametrize(
    ("arcsec", "fainter", "left", "is_added"),
    [
        (0.0, 0.9, True, False),  # a variable
        (0.9, -2.5, True, False),  # brighter than the list: M stars, whose G it does not know well
        (0.9, 1.1, False, True),  # mismeasured
        (4.0, 0.5, True, False),  # the list's place is that of a pair
        (4.0, 1.5, True, True),  # a companion of a star that the survey lacks
        (5.5, 0.0, True, True),  # too far: another star
    ],
)
def test_place_and_magnitude_say_what_a_row_is(bright, arcsec, fainter, left, is_added):
    row = shifted(rows_of(bright, VEGA), arcsec, fainter)
    merged = resolve(bright, [(row, 2000.0)])
    assert merged.ordinary[0].tolist() == [left]
    assert (VEGA in added(bright, merged)) == is_added


def test_identifiers_go_before_places(bright):
    # alpha Ari has both, and no other star's; 8 arcsec off no place would do.
    hamal = np.flatnonzero((bright.stars.source_id == -617) & (bright.hip == 9884))
    assert len(hamal) == 1
    gaia = np.flatnonzero(bright.gaia != NO_ID)[0]
    for star, known in ((hamal[0], bright.hip), (gaia, bright.gaia)):
        own = bright.stars[[star]]
        far = shifted(own, 8.0).with_ids(known[[star]])
        near = shifted(own, 0.1)
        merged = resolve(bright, [(StarTable.concatenate([near, far]), 2000.0)])
        assert star not in merged.added
        assert merged.ordinary[0].tolist() == [True, True]
        alone = resolve(bright, [(far, 2000.0)])
        assert alone.merged == 1
        # A row's number that happens to be a star's, elsewhere, is nothing.
        assert not bright.may_be(shifted(far, 60.0).with_ids(known[[star]]), 2000.0).any()


def test_a_star_that_two_surveys_have_is_there_once(bright):
    one, other = rows_of(bright, VEGA, *ALPHA_CEN), shifted(rows_of(bright, VEGA, *ALPHA_CEN), 0.1, 0.05)
    merged = resolve(bright, [(one, 2000.0), (other, 2000.0)])
    assert sum(mask.sum() for mask in merged.ordinary) == 3
    assert merged.provenance()["repeated"] == 3
    # The same rows twice, one of them mismeasured, are not there at all: the list is.
    poor = one.with_columns(parallax_error=one.parallax)
    merged = resolve(bright, [(poor, 2000.0), (poor, 2000.0)])
    assert not any(mask.any() for mask in merged.ordinary)
    assert {VEGA, *ALPHA_CEN} <= set(added(bright, merged))


def test_two_halves_of_one_star_of_the_list_both_stay(bright):
    # xi Scorpii in Gaia DR3: 4.85 and 4.87, 1.1 arcsec apart, which the list has as one of 4.04.
    star = rows_of(bright, -5977)
    halves = StarTable.concatenate([shifted(star, 0.6, 0.81), shifted(star, -0.5, 0.83).with_ids(star.source_id)])
    merged = resolve(bright, [(halves, 2000.0)])
    assert merged.ordinary[0].all()
    assert -5977 not in added(bright, merged)


def test_no_row_at_all_adds_all(bright):
    assert resolve(bright, []).provenance()["added"] == 9090
    nothing = bright.stars[:0]
    assert not len(bright.may_be(nothing, 2016.0))
    assert resolve(bright, [(nothing, 2016.0)]).provenance()["added"] == 9090


def test_max_mag_leaves_out_stars_of_the_list(bright):
    few = BrightStars(max_mag=2.0)
    assert len(few.stars) == np.count_nonzero(bright.stars.phot_g_mean_mag.astype(np.float32) <= 2.0)
    assert few.counts.by_reason()["fainter than --max-mag"] + len(few.stars) + 2 == few.counts.rows_read
    assert few.hip[few.stars.source_id == SIRIUS] == 32349
    assert len(BrightStars(max_mag=-5.0).pairs(bright.stars, 2000.0).row) == 0
