//! The configured codes as the exchange reads them. Decides nothing.

use crate::call::{BadCode, Codes, Verb};
use crate::config::Config;

/// The table.
pub(super) fn codes(config: &Config) -> Result<Codes, BadCode> {
    let named = config.codes.table();
    let code_of = |name: &str| named.iter().find(|(key, _)| *key == name).map_or("", |(_, code)| *code);
    let table = Verb::ALL
        .iter()
        .map(|(verb, name, _)| (*verb, code_of(name).to_owned()));
    Codes::new(table.collect(), config.codes.pause_reasons.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_codes_are_the_exchanges_own() {
        assert_eq!(codes(&Config::default()), Ok(Codes::default()));
    }

    #[test]
    fn each_key_is_a_verb_of_its_own() {
        let mut names: Vec<&str> = Config::default().codes.table().map(|(name, _)| name).to_vec();
        let mut verbs: Vec<&str> = Verb::ALL.iter().map(|(_, name, _)| *name).collect();
        names.sort_unstable();
        verbs.sort_unstable();
        assert_eq!(names, verbs);
    }
}
