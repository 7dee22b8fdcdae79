// SPDX-License-Identifier: Apache-2.0

/// Reads a configuration file line by line into a draft.
struct ConfigurationReader {
    /// What was read so far.
    private(set) var draft: Draft
    private let file: String
    private var number = 0
    private var current = Current.none
    /// Where the single values of the current section stand.
    private var seen: [Key: Place] = [:]
    /// Where `[Interface]` stands.
    private var interface: Place?
    private var seenInInterface: [Key: Place] = [:]

    /// What keys belong to.
    private enum Current {
        /// There was no section yet.
        case none
        /// There was none that is known: that was said, and once is enough.
        case unknown
        case section(Section)
    }

    /// At the start of `file`.
    init(file: String) {
        self.file = file
        draft = Draft(file: file)
    }

    /// Something is wrong with the file as a whole.
    mutating func refuse(_ what: String, why: String, whatNow: String) {
        draft.note(Mistake(at: .file(file, line: max(number, 1), column: 1), what, why: why, whatNow: whatNow))
    }

    /// Reads the next line, which is given without its end.
    mutating func read(_ octets: ArraySlice<UInt8>) {
        number += 1
        guard octets.count <= ConfigurationText.lineLimit else {
            return refuse(
                "the line", why: "longer than \(ConfigurationText.lineLimit) octets",
                whatNow: "a list may go on with its key in the next line")
        }
        var line = ConfigurationLine(octets, file: file, number: number)
        if let (index, octet) = line.control {
            let name = octet == 0 ? "a NUL" : "the control character \(octet)"
            return refuse("the line", at: line.place(at: index), why: "holds \(name)", whatNow: "is it a text file?")
        }
        if let index = line.invalid {
            return refuse("the line", at: line.place(at: index), why: "is not UTF-8", whatNow: "is it a text file?")
        }
        guard let first = line.content.first else { return }
        if first == UInt8(ascii: "[") { readHeader(&line) } else { readEntry(&line) }
    }

    private mutating func refuse(_ what: String, at place: Place, why: String, whatNow: String) {
        draft.note(Mistake(at: place, what, why: why, whatNow: whatNow))
    }

    private mutating func readHeader(_ line: inout ConfigurationLine) {
        let place = line.place(at: line.content.startIndex)
        let text = String(decoding: line.content, as: UTF8.self)
        current = .unknown
        guard line.content.last == UInt8(ascii: "]") else {
            return refuse(
                "'\(text.shortened)'", at: place, why: "does not end with ']'", whatNow: "write [Interface] or [Peer]")
        }
        let name = String(
            decoding: ConfigurationLine.trim(line.content.dropFirst().dropLast()), as: UTF8.self)
        guard let section = Section(named: name) else {
            let whatNow = Suggestion.whatNow(name, in: Section.allCases.map(\.rawValue))
            return refuse("[\(name.shortened)]", at: place, why: "there is no such section", whatNow: whatNow)
        }
        current = .section(section)
        switch section {
        case .interface: beginInterface(at: place)
        case .peer:
            seen = [:]
            draft.peers.append(Draft.PeerDraft(at: place))
        }
    }

    private mutating func beginInterface(at place: Place) {
        if let interface {
            refuse("[Interface]", at: place, why: "is there already (\(interface))", whatNow: "put both together")
        }
        interface = interface ?? place
    }

    private mutating func readEntry(_ line: inout ConfigurationLine) {
        let place = line.place(at: line.content.startIndex)
        guard let equals = line.content.firstIndex(of: UInt8(ascii: "=")) else {
            let text = String(decoding: line.content, as: UTF8.self).shortened
            return refuse(
                "'\(text)'", at: place, why: "neither [Section] nor Key = value", whatNow: "a comment begins with #")
        }
        let name = String(decoding: ConfigurationLine.trim(line.content[..<equals]), as: UTF8.self)
        guard let section = section(for: name, at: place) else { return }
        guard let key = key(name, in: section, at: place) else { return }
        let value = ConfigurationLine.trim(line.content[(equals + 1)...])
        guard !value.isEmpty else {
            return refuse(
                key.rawValue, at: line.place(at: value.startIndex), why: "has no value",
                whatNow: "give it one, or leave it out")
        }
        switch key.multiplicity {
        case .one: readOne(key, value, at: place, line.place(at: value.startIndex))
        case .list: readList(key, value, &line)
        }
    }

    /// The section that a key is in, or `nil` after saying that it is in none.
    private mutating func section(for name: String, at place: Place) -> Section? {
        switch current {
        case .section(let section): return section
        case .unknown: return nil
        case .none:
            current = .unknown
            refuse(
                "'\(name.shortened)'", at: place, why: "stands before any section",
                whatNow: "begin with [\((Key(named: name)?.section ?? .interface).rawValue)]")
            return nil
        }
    }

    private mutating func key(_ name: String, in section: Section, at place: Place) -> Key? {
        guard let key = Key(named: name) else {
            let names = Key.allCases.filter { $0.section == section }.map(\.rawValue)
            refuse(
                "'\(name.shortened)'", at: place, why: "there is no such key in [\(section.rawValue)]",
                whatNow: Suggestion.whatNow(name, in: names))
            return nil
        }
        guard key.section == section else {
            refuse(
                key.rawValue, at: place, why: "belongs into [\(key.section.rawValue)]", whatNow: "put it there")
            return nil
        }
        return key
    }

    private mutating func readOne(_ key: Key, _ value: ArraySlice<UInt8>, at place: Place, _ valuePlace: Place) {
        let before = key.section == .interface ? seenInInterface[key] : seen[key]
        if let before {
            return refuse(
                key.rawValue, at: place, why: "is there already (\(before))", whatNow: "leave one of them out")
        }
        if key.section == .interface { seenInInterface[key] = place } else { seen[key] = place }
        add(Entry(key, String(decoding: value, as: UTF8.self), at: valuePlace))
    }

    private mutating func readList(_ key: Key, _ value: ArraySlice<UInt8>, _ line: inout ConfigurationLine) {
        for element in ConfigurationLine.elements(value) {
            let place = line.place(at: element.startIndex)
            if element.isEmpty {
                refuse(key.rawValue, at: place, why: "has nothing between two commas", whatNow: "leave a comma out")
            } else {
                add(Entry(key, String(decoding: element, as: UTF8.self), at: place))
            }
        }
    }

    private mutating func add(_ entry: Entry) {
        switch entry.key.section {
        case .interface: draft.interface.append(entry)
        case .peer: draft.peers[draft.peers.count - 1].entries.append(entry)
        }
    }
}

extension String {
    /// Not more of it than fits into a line for people.
    fileprivate var shortened: String { count > 40 ? "\(prefix(40))..." : self }
}
