//! What an agent does with the call he is in, or begins. Each is one order to the exchange; what follows is told by events.

mod consult;
mod dial;
mod done;
mod drop_third;
mod hand_over;
mod hang_up;
mod hold;
mod join;
mod keys;
mod mask;
mod park;
mod pick_up;
mod place;
mod send_on;
mod supervise;
mod take_over;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) use done::{Accepted, DoneShown};
pub(super) use place::PlaceWish;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(dial::dial))
        .routes(routes!(hang_up::hang_up))
        .routes(routes!(hold::hold))
        .routes(routes!(keys::keys))
        .routes(routes!(send_on::send_on))
        .routes(routes!(consult::consult))
        .routes(routes!(hand_over::hand_over))
        .routes(routes!(join::join))
        .routes(routes!(drop_third::drop_third))
        .routes(routes!(park::park))
        .routes(routes!(pick_up::pick_up))
        .routes(routes!(supervise::supervise))
        .routes(routes!(take_over::take_over))
        .routes(routes!(mask::mask))
}
