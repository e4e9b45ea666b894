import pytest
from stats import mean, median, spread


def test_mean_of_three():
    assert mean([1, 2, 6]) == 3


def test_median_of_an_odd_number_of_values_is_the_middle_one():
    assert median([5, 1, 3]) == 3


def test_median_of_an_even_number_of_values_is_the_mean_of_the_two_in_the_middle():
    assert median([4, 1, 3, 2]) == 2.5


def test_spread_is_never_negative():
    assert spread([3, -1]) == 4


@pytest.mark.parametrize("of", [mean, median, spread])
def test_an_empty_sample_is_refused(of):
    with pytest.raises(ValueError, match="needs at least one value"):
        of([])
