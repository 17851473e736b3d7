//! What the five changes of an agent's status share: who may, and who is noted.

use crate::call::Order;
use crate::http::access::Caller;
use crate::http::orders::Accepted;
use crate::http::{App, Error};
use crate::kernel::AgentId;
use crate::queue::Action;

pub(super) async fn act(app: &App, caller: &Caller, agent: AgentId, action: Action) -> Result<Accepted, Error> {
    caller.sets_status_of(&agent)?;
    let by = caller.besides(&agent);
    app.order(Order::Act { agent, action, by }).await
}
