//! Which checks reject, warn or are off.

use std::fmt;

/// A check that rejects or is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectOrOff {
    /// A line that fails it is rejected.
    Reject,
    /// It is not made.
    Off,
}

/// A check that warns, rejects or is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarnRejectOff {
    /// A line that fails it moves with a warning.
    Warn,
    /// A line that fails it is rejected, with the warning's code.
    Reject,
    /// It is not made.
    Off,
}

/// The checks that can be set. `R00` to `R04` can't: they always reject.
///
/// Two of them reject even when off, since there would be nothing to do otherwise: a new Party
/// that does not exist (`R08`), and a second line that sends the same hub to another Party (`R07`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckSettings {
    /// The hub is with the sender, and as both Parties confirmed.
    pub r05: RejectOrOff,
    /// The hub is in no other open transfer.
    pub r06: RejectOrOff,
    /// The device stands in the file once; if off, a second line has nothing to do.
    pub r07: RejectOrOff,
    /// The new Party is `Active` and may hold hubs.
    pub r08: RejectOrOff,
    /// The hub is neither a test hub nor quarantined.
    pub r09: RejectOrOff,
    /// The hub may still be installed.
    pub w10: WarnRejectOff,
    /// The hub is of the agreed specification.
    pub w11: WarnRejectOff,
}

impl Default for CheckSettings {
    fn default() -> Self {
        CheckSettings {
            r05: RejectOrOff::Reject,
            r06: RejectOrOff::Reject,
            r07: RejectOrOff::Reject,
            r08: RejectOrOff::Reject,
            r09: RejectOrOff::Reject,
            w10: WarnRejectOff::Warn,
            w11: WarnRejectOff::Warn,
        }
    }
}

/// The name of a setting, or the value given for it, is not one of those that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingError {
    /// There is no such setting.
    UnknownName,
    /// The setting does not take that value.
    UnknownValue {
        /// Those that it takes.
        allowed: &'static str,
    },
}

impl CheckSettings {
    /// The names of the settings.
    pub const NAMES: &[&str] = &[
        "check.R05",
        "check.R06",
        "check.R07",
        "check.R08",
        "check.R09",
        "check.W10",
        "check.W11",
    ];

    /// The values that the setting of this name takes.
    pub fn allowed(name: &str) -> &'static [&'static str] {
        if name.starts_with("check.W") { &["warn", "reject", "off"] } else { &["reject", "off"] }
    }

    /// The value of the setting of this name.
    pub fn get(&self, name: &str) -> Option<&'static str> {
        match name {
            "check.R05" => Some(self.r05.name()),
            "check.R06" => Some(self.r06.name()),
            "check.R07" => Some(self.r07.name()),
            "check.R08" => Some(self.r08.name()),
            "check.R09" => Some(self.r09.name()),
            "check.W10" => Some(self.w10.name()),
            "check.W11" => Some(self.w11.name()),
            _ => None,
        }
    }

    /// The settings with this one changed.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, SettingError> {
        match name {
            "check.R05" => self.r05 = RejectOrOff::from_name(value)?,
            "check.R06" => self.r06 = RejectOrOff::from_name(value)?,
            "check.R07" => self.r07 = RejectOrOff::from_name(value)?,
            "check.R08" => self.r08 = RejectOrOff::from_name(value)?,
            "check.R09" => self.r09 = RejectOrOff::from_name(value)?,
            "check.W10" => self.w10 = WarnRejectOff::from_name(value)?,
            "check.W11" => self.w11 = WarnRejectOff::from_name(value)?,
            _ => return Err(SettingError::UnknownName),
        }
        Ok(self)
    }
}

impl RejectOrOff {
    /// As it stands in the settings.
    pub fn name(self) -> &'static str {
        match self {
            RejectOrOff::Reject => "reject",
            RejectOrOff::Off => "off",
        }
    }

    fn from_name(name: &str) -> Result<Self, SettingError> {
        match name {
            "reject" => Ok(RejectOrOff::Reject),
            "off" => Ok(RejectOrOff::Off),
            _ => Err(SettingError::UnknownValue { allowed: "reject or off" }),
        }
    }
}

impl WarnRejectOff {
    /// As it stands in the settings.
    pub fn name(self) -> &'static str {
        match self {
            WarnRejectOff::Warn => "warn",
            WarnRejectOff::Reject => "reject",
            WarnRejectOff::Off => "off",
        }
    }

    fn from_name(name: &str) -> Result<Self, SettingError> {
        match name {
            "warn" => Ok(WarnRejectOff::Warn),
            "reject" => Ok(WarnRejectOff::Reject),
            "off" => Ok(WarnRejectOff::Off),
            _ => Err(SettingError::UnknownValue { allowed: "warn, reject or off" }),
        }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingError::UnknownName => f.write_str("There is no such setting."),
            SettingError::UnknownValue { allowed } => write!(f, "This setting is {allowed}."),
        }
    }
}

impl std::error::Error for SettingError {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_takes_what_it_allows_and_nothing_else() {
        for name in CheckSettings::NAMES {
            for value in CheckSettings::allowed(name) {
                let settings = CheckSettings::default().with(name, value).unwrap();
                assert_eq!(settings.get(name), Some(*value));
            }
            assert!(CheckSettings::default().with(name, "maybe").is_err());
        }
        assert!(CheckSettings::default().with("check.R05", "warn").is_err());
    }

    #[test]
    fn r00_to_r04_cannot_be_set() {
        for name in ["check.R00", "check.R01", "check.R02", "check.R03", "check.R04", "check.R12"] {
            let set = CheckSettings::default().with(name, "off");
            assert_eq!(set, Err(SettingError::UnknownName));
        }
    }
}
