// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration

/// The flag of a key is called after it, and means the same.
extension ArgumentHelp {
    static func key(_ key: Key) -> ArgumentHelp { ArgumentHelp("\(key.meaning)", valueName: key.valueName) }
}

extension NameSpecification {
    static func key(_ key: Key) -> NameSpecification { .customLong(key.flagName) }
}

extension Entry {
    /// The values of a flag as often as it was given: once too often is a mistake, not a correction.
    static func given(_ key: Key, _ texts: [String]) -> [Entry] { texts.map { Entry(key, $0) } }

    /// A flag that says yes, if it was given.
    static func given(_ key: Key, isSet: Bool) -> [Entry] { isSet ? [Entry(key, "yes")] : [] }
}
