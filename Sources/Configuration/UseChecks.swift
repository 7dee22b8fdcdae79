// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether everything that was written does something: what does not is a mistake that somebody should know of.
struct UseChecks {
    private let settings: TunnelSettings
    private let written: [Key: Entry]
    private let file: String?

    /// `written` are the values that `settings` were made from, in `file` or else on the command line.
    init(_ settings: TunnelSettings, _ written: [Key: Entry], file: String?) {
        self.settings = settings
        self.written = written
        self.file = file
    }

    /// What is wrong.
    var mistakes: [Mistake] { [endless].compactMap(\.self) + directions + routes + namespaces }

    /// Without a peer there is nobody to send to; without others to accept there is nobody to take from either.
    private var endless: Mistake? {
        guard settings.peers.isEmpty else { return nil }
        if settings.policy.only == .decapsulate, settings.policy.acceptance != .peers { return nil }
        let place = file.map { Place.file($0, line: 1, column: 1) } ?? .flag
        let only = place.spell(.only, Direction.decapsulate.rawValue)
        return Mistake(
            at: place, file == nil ? "--peer is missing" : "there is no [Peer]", why: "a tunnel needs another end",
            whatNow: "say where it is; only '\(only)' with '\(place.spell(.acceptFrom, "PREFIX"))' works without")
    }

    private var directions: [Mistake] {
        let unused: [Key]
        switch settings.policy.only {
        case nil: return []
        case .decapsulate: unused = [.ttl, .df, .dscp, .ecn]
        case .encapsulate: unused = [.minimumTTL, .acceptFrom]
        }
        // Nobody could answer, or nobody would hear it.
        let questions = settings.keepalive == nil ? [] : [Key.keepalive]
        return (unused + questions).compactMap { useless($0, beside: .only) }
    }

    /// What only prefixes behind peers give a meaning.
    private var routes: [Mistake] {
        var mistakes: [Mistake?] = []
        if settings.peers.allSatisfy({ $0.allowed == nil }) {
            if case .number = settings.table { mistakes.append(useless(.table, without: .allowedIPs)) }
            if settings.killSwitch != .off { mistakes.append(useless(.killSwitch, without: .allowedIPs)) }
            if settings.proxyARP != nil { mistakes.append(useless(.proxyARP, without: .allowedIPs)) }
        } else if settings.killSwitch != .off, settings.table == .off {
            mistakes.append(useless(.killSwitch, beside: .table))
        }
        return mistakes.compactMap(\.self)
    }

    /// What is about the device's own namespace.
    private var namespaces: [Mistake] {
        guard settings.namespace != nil else { return [] }
        let asked =
            [Key.forward].filter { _ in settings.forward != .off }
            + [Key.proxyARP].filter { _ in settings.proxyARP != nil }
        return asked.compactMap { key in
            written[key].map { entry in
                Mistake(
                    at: entry.place, entry.place.spell(key),
                    why:
                        "is about the device's own namespace, which is another one with \(entry.place.spell(.namespace))",
                    whatNow: "leave one of them out")
            }
        }
    }

    private func useless(_ key: Key, beside other: Key) -> Mistake? {
        guard let entry = written[key], let other = written[other] else { return nil }
        return Mistake(
            at: entry.place, entry.place.spell(key),
            why: "does nothing with \(entry.place.spell(other.key, other.text))",
            whatNow: "leave one of them out")
    }

    private func useless(_ key: Key, without other: Key) -> Mistake? {
        guard let entry = written[key] else { return nil }
        return Mistake(
            at: entry.place, entry.place.spell(key), why: "does nothing without \(entry.place.spell(other))",
            whatNow: "say what is behind the peer, or leave it out")
    }
}
