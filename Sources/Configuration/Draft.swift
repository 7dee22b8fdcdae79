// SPDX-License-Identifier: Apache-2.0

/// What somebody wrote, taken apart but not yet understood: from flags, or from a file and its drop-ins.
package struct Draft: Sendable {
    /// What is said of the tunnel as a whole, in order.
    package var interface: [Entry] = []
    /// What is said of each peer.
    package var peers: [PeerDraft] = []
    /// What is wrong already with how it is written, at most ``mistakeLimit`` of it.
    package private(set) var mistakes: [Mistake] = []
    /// The files that it came from, in the order in which they were read.
    package private(set) var files: [String] = []

    /// One peer.
    package struct PeerDraft: Sendable {
        /// Where it begins.
        package let place: Place
        /// What is said of it, in order.
        package var entries: [Entry] = []

        /// A peer of which nothing is said yet.
        package init(at place: Place) { self.place = place }
    }

    /// How many mistakes are kept: who sends gigabytes of them gets no more.
    package static let mistakeLimit = 100

    /// What was written on the command line.
    package init() {}

    /// What is written in a file; to be filled.
    package init(file: String) { files = [file] }

    /// Adds a mistake.
    package mutating func note(_ mistake: Mistake) {
        if mistakes.count < Draft.mistakeLimit { mistakes.append(mistake) }
    }

    /// Takes in a file that was read after this one: its single values replace, its lists and its peers are added.
    package mutating func add(dropIn: Draft) {
        let replaced = Set(dropIn.interface.map(\.key).filter { $0.multiplicity == .one })
        interface.removeAll { replaced.contains($0.key) }
        interface += dropIn.interface
        peers += dropIn.peers
        files += dropIn.files
        for mistake in dropIn.mistakes { note(mistake) }
    }
}

extension Draft {
    /// The device is called like the tunnel, whose name is that of its file, unless something else was written.
    package mutating func nameDevice(_ name: String) {
        guard let file = files.first, !interface.contains(where: { $0.key == .device }) else { return }
        let start = Place.file(file, line: 1, column: 1)
        if DeviceName(name) != nil {
            interface.append(Entry(.device, name, at: start))
        } else {
            note(
                Mistake(
                    at: start, "the file's name '\(name)'", why: "is none that a device can have",
                    whatNow: "write 'Device = NAME' into [Interface]"))
        }
    }
}
