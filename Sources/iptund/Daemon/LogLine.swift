// SPDX-License-Identifier: Apache-2.0

internal import Logging

/// A line for the log, before it is decided whether there is room for it (``LineLimit``).
struct LogLine: Equatable {
    let topic: LineLimit.Topic
    let level: Logger.Level
    /// A sentence that says what, and what to do about it; with whom is in the fields.
    let text: String
    var fields: Logger.Metadata = [:]
    /// What else tells it from other lines of its topic that must not silence it.
    var about = ""
    /// Of which peer it speaks.
    var place: Int?

    /// Lines with the same key say the same.
    var key: LineLimit.Key { LineLimit.Key(topic: topic, place: place, about: about) }
}
