//! The one who asks, and the pure decisions about what he may.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

use crate::config::Secret;
use crate::http::house::Bearer;
use crate::http::listener::Source;
use crate::http::{App, Error};
use crate::kernel::{AgentId, Role};

/// Proof that the request carried a valid token.
#[derive(Debug)]
pub(in crate::http) struct Caller(Bearer, Secret);

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let source = parts.extensions.get::<ConnectInfo<Source>>();
        let source = source.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(Source(address))| {
            address.ip()
        });
        let (bearer, token) = app.gate.enter(&parts.headers, source).await?;
        Ok(Self(bearer, token))
    }
}

impl Caller {
    /// Whom the token speaks for.
    pub(in crate::http) const fn bearer(&self) -> &Bearer {
        &self.0
    }

    /// What he showed.
    pub(super) const fn token(&self) -> &Secret {
        &self.1
    }

    /// His role.
    pub(in crate::http) const fn role(&self) -> Role {
        self.0.role
    }

    /// The name that stands in the record: the agent's, or the token's.
    pub(in crate::http) fn name(&self) -> String {
        self.0
            .agent
            .as_ref()
            .map_or_else(|| format!("token:{}", self.0.name), ToString::to_string)
    }

    /// Everything of at least this role.
    pub(in crate::http) fn at_least(&self, role: Role) -> Result<(), Error> {
        allowed(self.0.role >= role)
    }

    /// Acts as this agent: makes calls, holds, sends on. A bound token is the agent's own; one that is bound to nobody may
    /// act for anyone from supervisor on (a program of the house), and below that only look.
    pub(in crate::http) fn acts_as(&self, agent: &AgentId) -> Result<(), Error> {
        allowed(match &self.0.agent {
            Some(own) => own == agent,
            None => self.0.role >= Role::Supervisor,
        })
    }

    /// Changes what this agent is doing: himself, or a supervisor for him.
    pub(in crate::http) fn sets_status_of(&self, agent: &AgentId) -> Result<(), Error> {
        allowed(self.is(agent) || self.0.role >= Role::Supervisor)
    }

    /// Whether he is this agent.
    pub(in crate::http) fn is(&self, agent: &AgentId) -> bool {
        self.0.agent.as_ref() == Some(agent)
    }

    /// Who asks, for the record, if it is not the agent himself.
    pub(in crate::http) fn besides(&self, agent: &AgentId) -> Option<String> {
        (!self.is(agent)).then(|| self.name())
    }
}

fn allowed(is: bool) -> Result<(), Error> {
    if is { Ok(()) } else { Err(Error::Forbidden) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role, agent: Option<&str>) -> Caller {
        let bearer = Bearer {
            id: "1".into(),
            name: "wallboard".into(),
            role,
            agent: agent.and_then(AgentId::parse),
        };
        Caller(bearer, Secret::new("x"))
    }

    #[test]
    fn a_bound_token_acts_as_its_agent_and_nobody_else() {
        let (own, other) = (AgentId::parse("8001").unwrap(), AgentId::parse("8002").unwrap());
        for role in [Role::Agent, Role::Supervisor, Role::Admin] {
            assert!(caller(role, Some("8001")).acts_as(&own).is_ok());
            assert!(caller(role, Some("8001")).acts_as(&other).is_err(), "{role:?}");
        }
        assert!(caller(Role::Agent, None).acts_as(&own).is_err(), "it may only look");
        assert!(caller(Role::Supervisor, None).acts_as(&own).is_ok());
    }

    #[test]
    fn a_supervisor_may_pause_an_agent_and_it_is_noted_who_did() {
        let agent = AgentId::parse("8001").unwrap();
        assert!(caller(Role::Agent, Some("8002")).sets_status_of(&agent).is_err());
        let supervisor = caller(Role::Supervisor, Some("8100"));
        assert!(supervisor.sets_status_of(&agent).is_ok());
        assert_eq!(supervisor.besides(&agent).as_deref(), Some("8100"));
        assert_eq!(
            caller(Role::Admin, None).besides(&agent).as_deref(),
            Some("token:wallboard")
        );
        assert_eq!(caller(Role::Agent, Some("8001")).besides(&agent), None);
    }
}
