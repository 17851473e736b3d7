//! `GET /api/v1/recordings/{recording}/wav`: the sound, whole or in part. Who hears it is on record first.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::range::{Part, part};
use crate::http::access::Caller;
use crate::http::extract::{File, Name};
use crate::http::house::Sound;
use crate::http::{App, Error};
use crate::kernel::Role;

/// Octets read at a time: four seconds of two channels.
const CHUNK_BYTES: usize = 64 * 1024;

#[utoipa::path(
    get, path = "/recordings/{recording}/wav", tag = "recordings", operation_id = "get_recording_wav",
    summary = "下载录音（记入审计）· the sound as WAV, audited",
    description = "Left channel: the citizen; right: who speaks to him. With `Range` in part. Who hears it is durable in the call's record (`revealed`) before the first octet leaves.",
    params(
        ("recording" = String, Path, description = "录音编号 id", example = "call~01KAKBZ2T10000000000000000-1.wav"),
        ("range" = Option<String>, Header, description = "一段字节 one range of octets (RFC 9110 §14.2)", example = "bytes=0-65535"),
    ),
    responses(
        (status = 200, description = "整个文件 the whole file", body = [u8], content_type = "audio/wav"),
        (status = 206, description = "其中一段 the part that was asked for", body = [u8], content_type = "audio/wav"),
        (status = 416, description = "范围超出文件 `out_of_range`", body = crate::http::openapi::Problem),
    ),
    security(("bearer" = ["supervisor"]))
)]
pub(in crate::http) async fn wav(
    caller: Caller,
    Name(File(file)): Name<File>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    caller.at_least(Role::Supervisor)?;
    let view = app.house.records.recording(&file).await?.ok_or(Error::NotFound)?;
    let sound = app.house.records.sound(&file).await?.ok_or(Error::NotFound)?;
    let len = sound.len();
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, from, until) = match part(range, len) {
        Part::Whole => (StatusCode::OK, 0, len),
        Part::Range(first, last) => (StatusCode::PARTIAL_CONTENT, first, last + 1),
        Part::Nothing => return Err(Error::OutOfRange { len }),
    };
    let what = format!("recording: {file}");
    app.house
        .records
        .note_revealed(view.call, &caller.name(), &what)
        .await?;
    let mut response = Body::from_stream(octets(sound, from, until)).into_response();
    *response.status_mut() = status;
    let name = file.rsplit('/').next().unwrap_or("recording.wav"); // a safe name: it needs no quoting
    let fields = [
        (header::CONTENT_TYPE, "audio/wav".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_LENGTH, (until - from).to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    let partial = (status == StatusCode::PARTIAL_CONTENT)
        .then(|| (header::CONTENT_RANGE, format!("bytes {from}-{}/{len}", until - 1)));
    for (name, value) in fields.into_iter().chain(partial) {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Chunk by chunk, read when the client has taken the one before.
fn octets(sound: Arc<dyn Sound>, from: u64, until: u64) -> impl stream::Stream<Item = std::io::Result<Vec<u8>>> {
    stream::unfold(Some((sound, from)), move |place| async move {
        let (sound, at) = place?;
        let left = usize::try_from(until - at).unwrap_or(usize::MAX);
        if left == 0 {
            return None;
        }
        match sound.read(at, left.min(CHUNK_BYTES)).await {
            Ok(chunk) if !chunk.is_empty() => {
                let next = at + chunk.len() as u64;
                Some((Ok(chunk), Some((sound, next))))
            }
            // The connection is cut, so that nobody takes half a recording for the whole.
            Ok(_) => Some((Err(std::io::ErrorKind::UnexpectedEof.into()), None)),
            Err(error) => {
                tracing::error!(%error, "a recording cannot be read");
                Some((Err(std::io::Error::other("unreadable")), None))
            }
        }
    })
}
