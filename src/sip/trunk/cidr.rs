//! Address ranges such as `192.0.2.0/24` (RFC 4632, RFC 4291 §2.3). Knows no interface and no route.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses. IPv4 addresses in IPv6 clothes (`::ffff:192.0.2.1`) count as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

/// Why a text is no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// Not an address before the slash.
    #[error("not an IP address")]
    Address,
    /// Not a number after the slash, or more bits than the address has.
    #[error("not a prefix length of this kind of address")]
    Prefix,
    /// The address has bits beyond the prefix: a slip of the pen, either here or there.
    #[error("address has bits beyond the prefix; did you mean {0}?")]
    HostBits(Cidr),
}

impl Cidr {
    /// Whether the range holds this address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(it)) => network.to_bits() == it.to_bits() & mask_v4(self.prefix),
            (IpAddr::V6(network), IpAddr::V6(it)) => network.to_bits() == it.to_bits() & mask_v6(self.prefix),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn mask_v4(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32_u32.saturating_sub(prefix.into())).unwrap_or(0)
}

fn mask_v6(prefix: u8) -> u128 {
    u128::MAX
        .checked_shl(128_u32.saturating_sub(prefix.into()))
        .unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = CidrError;

    /// Reads `address/prefix`, or one address.
    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address = IpAddr::from_str(address).map_err(|_| CidrError::Address)?;
        let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(it) => it.parse().map_err(|_| CidrError::Prefix)?,
        };
        if prefix > bits {
            return Err(CidrError::Prefix);
        }
        let range = match address {
            IpAddr::V4(it) => Self {
                network: IpAddr::V4((it.to_bits() & mask_v4(prefix)).into()),
                prefix,
            },
            IpAddr::V6(it) => unmapped((it.to_bits() & mask_v6(prefix)).into(), prefix),
        };
        if range.network == address.to_canonical() {
            Ok(range)
        } else {
            Err(CidrError::HostBits(range))
        }
    }
}

/// `::ffff:192.0.2.0/120` is `192.0.2.0/24`.
fn unmapped(network: Ipv6Addr, prefix: u8) -> Cidr {
    match (network.to_ipv4_mapped(), prefix.checked_sub(96)) {
        (Some(v4), Some(prefix)) => Cidr {
            network: IpAddr::V4(v4),
            prefix,
        },
        (Some(_), None) | (None, _) => Cidr {
            network: IpAddr::V6(network),
            prefix,
        },
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(range: &str, address: &str) -> bool {
        let range: Cidr = range.parse().unwrap();
        range.contains(address.parse().unwrap())
    }

    #[test]
    fn a_range_ends_where_its_prefix_says() {
        assert!(holds("192.0.2.0/25", "192.0.2.0"));
        assert!(holds("192.0.2.0/25", "192.0.2.127"));
        assert!(!holds("192.0.2.0/25", "192.0.2.128"));
        assert!(holds("192.0.2.7", "192.0.2.7"));
        assert!(!holds("192.0.2.7", "192.0.2.6"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::"));
        assert!(holds("0.0.0.0/0", "203.0.113.1") && holds("::/0", "2001:db8::1"));
    }

    #[test]
    fn ipv4_in_ipv6_clothes_is_ipv4() {
        assert!(holds("192.0.2.0/24", "::ffff:192.0.2.9"));
        assert!(holds("::ffff:192.0.2.0/120", "192.0.2.9"));
        assert!(!holds("::/0", "::ffff:192.0.2.9"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
    }

    #[test]
    fn slips_of_the_pen_are_named() {
        let parse = |text: &str| text.parse::<Cidr>();
        assert_eq!(parse("example.com"), Err(CidrError::Address));
        assert_eq!(parse("192.0.2.0/33"), Err(CidrError::Prefix));
        assert_eq!(parse("192.0.2.0/-1"), Err(CidrError::Prefix));
        assert_eq!(parse("192.0.2.0/"), Err(CidrError::Prefix));
        let error = parse("192.0.2.5/24").unwrap_err().to_string();
        assert!(error.ends_with("did you mean 192.0.2.0/24?"));
    }
}
