//! The few arguments of the commands: `--switch`, `--option VALUE`, and words. Anything else is refused.

use anyhow::{Context as _, Result, bail};

/// Arguments sorted by kind.
#[derive(Debug, Default)]
pub(crate) struct Args {
    switches: Vec<String>,
    options: Vec<(String, String)>,
    /// What was neither a switch nor an option.
    pub(crate) words: Vec<String>,
}

impl Args {
    /// Sorts `raw`, given the names that exist.
    pub(crate) fn parse(raw: &[String], switches: &[&str], options: &[&str]) -> Result<Self> {
        let mut args = Self::default();
        let mut rest = raw.iter();
        while let Some(word) = rest.next() {
            if switches.contains(&word.as_str()) {
                args.switches.push(word.clone());
            } else if options.contains(&word.as_str()) {
                let value = rest.next().with_context(|| format!("{word} needs a value"))?;
                args.options.push((word.clone(), value.clone()));
            } else if word.starts_with('-') {
                bail!("unknown option {word}");
            } else {
                args.words.push(word.clone());
            }
        }
        Ok(args)
    }

    /// Refuses words where the command takes none.
    pub(crate) fn no_words(self) -> Result<Self> {
        match self.words.first() {
            Some(word) => bail!("unexpected argument {word}"),
            None => Ok(self),
        }
    }

    /// Whether a switch was given.
    pub(crate) fn has(&self, switch: &str) -> bool {
        self.switches.iter().any(|given| given == switch)
    }

    /// The last value of an option.
    pub(crate) fn value<'a>(&'a self, option: &'a str) -> Option<&'a str> {
        self.values(option).last()
    }

    /// All values of an option, in the order given.
    pub(crate) fn values<'a>(&'a self, option: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.options
            .iter()
            .filter(move |(name, _)| name == option)
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &[&str]) -> Result<Args> {
        let raw = raw.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        Args::parse(&raw, &["--all"], &["--lane"])
    }

    #[test]
    fn switches_options_and_words_are_told_apart() {
        let args = parse(&["--lane", "go", "--all", "word", "--lane", "browser"]).unwrap();
        assert!(args.has("--all"));
        assert_eq!(args.values("--lane").collect::<Vec<_>>(), ["go", "browser"]);
        assert_eq!(args.value("--lane"), Some("browser"));
        assert_eq!(args.words, ["word"]);
    }

    #[test]
    fn unknown_options_and_missing_values_are_refused() {
        assert!(parse(&["--al"]).is_err());
        assert!(parse(&["--lane"]).is_err());
        assert!(parse(&["word"]).unwrap().no_words().is_err());
    }
}
