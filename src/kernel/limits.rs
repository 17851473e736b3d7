//! Limits that no configuration may lift. Each has its unit in its name.

/// Largest SIP message, bytes: above RFC 4475's longest (3,515) and below a UDP datagram.
pub const SIP_MESSAGE_MAX_BYTES: usize = 65_535;
/// Largest SIP body, bytes.
pub const SIP_BODY_MAX_BYTES: usize = 32_768;
/// Most header fields in one message.
pub const SIP_HEADERS_MAX: usize = 256;
/// Longest header section (start line and headers), bytes.
pub const SIP_HEAD_MAX_BYTES: usize = 32_768;
/// Longest method token kept, bytes.
pub const SIP_METHOD_MAX_BYTES: usize = 64;
/// Most Via values looked at.
pub const SIP_VIAS_MAX: usize = 70;
/// Most `m=` lines answered in one SDP.
pub const SDP_MEDIA_MAX: usize = 16;
/// Most lines read in one SDP.
pub const SDP_LINES_MAX: usize = 512;
/// RTP packets from a foreign address accepted before a stream is latched.
pub const RTP_FOREIGN_MAX_PACKETS: u32 = 5;
/// Largest RTP or RTCP packet looked at, bytes.
pub const RTP_PACKET_MAX_BYTES: usize = 1_500;
/// Steps a walk may take without waiting for anything, before it is taken for a loop.
pub const DIALPLAN_STEPS_WITHOUT_WAIT_MAX: u32 = 64;
/// Depth of flows calling flows.
pub const DIALPLAN_DEPTH_MAX: usize = 16;
/// Keys gathered at most for one question.
pub const DIALPLAN_DIGITS_MAX: usize = 32;
/// Largest dialplan file, bytes.
pub const DIALPLAN_FILE_MAX_BYTES: usize = 1_000_000;
/// Most dialplan files read together.
pub const DIALPLAN_FILES_MAX: usize = 256;
/// Most steps in one flow.
pub const DIALPLAN_STEPS_MAX: usize = 1_000;
/// Most dialled numbers in all files together.
pub const DIALPLAN_NUMBERS_MAX: usize = 2_000;
/// Most items said by one step.
pub const DIALPLAN_SAY_MAX_ITEMS: usize = 64;
/// Most problems reported in one run.
pub const DIALPLAN_PROBLEMS_MAX: usize = 500;
/// Most variables that one call may hold.
pub const DIALPLAN_VARIABLES_MAX: usize = 32;
/// Longest value of a variable, characters.
pub const DIALPLAN_VALUE_MAX_CHARS: usize = 256;
