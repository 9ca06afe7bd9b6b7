import pytest

from funnel.audience import visit


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unknown", ""),
        ("192.0.2.7, 10.0.0.1", ""),
    ],
)
def test_one_visitor_is_one_network(ip, network):
    assert visit.network_of(ip) == network


@pytest.mark.parametrize(
    ("network", "kept"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("", ""),
    ],
)
def test_a_consent_line_keeps_a_network_that_names_nobody(network, kept):
    assert visit.truncated(network) == kept
