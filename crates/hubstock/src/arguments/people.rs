//! The words of `hubstock user`.

use clap::{Args, Subcommand};

use super::Who;

/// A role at an organisation.
#[derive(Debug, Args)]
pub struct RoleGiven {
    /// Role
    #[arg(long, value_parser = role)]
    pub role: domain::access::Role,
    /// The Party, for a Party's roles
    #[arg(long, value_name = "SIGNIFIER")]
    pub party: Option<String>,
}

/// The beginning of links.
#[derive(Debug, Args)]
pub struct Links {
    /// The address that people use, such as https://hubstock.example; without it a link begins at its path
    #[arg(long, env = "HUBSTOCK_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

/// People.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Adds a person, or another role to one who is there, whose name stays and whose password is
    /// the one given from then on
    Add {
        /// E-mail address
        email: String,
        /// Name
        #[arg(long)]
        name: String,
        #[command(flatten)]
        at: RoleGiven,
        /// Reads the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Lists people and their roles
    List {
        /// Only this Party's
        #[arg(long, value_name = "SIGNIFIER")]
        party: Option<String>,
    },
    /// One person and the roles, held or invited to
    Show {
        /// E-mail address
        email: String,
    },
    /// Invites a person to a role and prints the link that accepts it, once
    Invite {
        /// E-mail address
        email: String,
        /// Name
        #[arg(long)]
        name: String,
        #[command(flatten)]
        at: RoleGiven,
        #[command(flatten)]
        links: Links,
        #[command(flatten)]
        who: Who,
    },
    /// Grants a role to a person who is there
    Grant {
        /// E-mail address
        email: String,
        #[command(flatten)]
        at: RoleGiven,
        #[command(flatten)]
        who: Who,
    },
    /// Takes a role back
    Revoke {
        /// E-mail address
        email: String,
        #[command(flatten)]
        at: RoleGiven,
        #[command(flatten)]
        who: Who,
    },
    /// Ends a person's access at once
    Deactivate {
        /// E-mail address
        email: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Lets a person in again
    Reactivate {
        /// E-mail address
        email: String,
        #[command(flatten)]
        who: Who,
    },
    /// Prints a link with which a person sets a new password, once
    PasswordLink {
        /// E-mail address
        email: String,
        #[command(flatten)]
        links: Links,
        #[command(flatten)]
        who: Who,
    },
    /// Issues an API token for a person and prints its secret, once
    Token {
        /// E-mail address
        email: String,
        /// What its owner calls it
        #[arg(long)]
        name: String,
        /// It may change things, not only read
        #[arg(long)]
        write: bool,
        /// For how many days it works
        #[arg(long, default_value_t = 30)]
        days: i64,
    },
    /// Lists a person's API tokens
    Tokens {
        /// E-mail address
        email: String,
    },
    /// Revokes one of a person's API tokens
    RevokeToken {
        /// E-mail address
        email: String,
        /// The token's reference
        reference: String,
    },
}

fn role(word: &str) -> Result<domain::access::Role, String> {
    domain::access::Role::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = domain::access::Role::ALL.iter().map(|r| r.word()).collect();
        format!("a role is one of {}", words.join(", "))
    })
}
