// SPDX-License-Identifier: Apache-2.0

/// A part of a configuration file.
package enum Section: String, CaseIterable, Sendable {
    /// The tunnel as a whole. It occurs once.
    case interface = "Interface"
    /// One other end. It occurs once for each.
    case peer = "Peer"

    /// The section of this name, however its letters are capitalised.
    package init?(named name: String) {
        guard let section = Section.allCases.first(where: { $0.rawValue.lowercased() == name.lowercased() }) else {
            return nil
        }
        self = section
    }
}
