// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Logging
internal import Wire

/// Peers by name: where they are, as far as the resolver knows.
extension Service {
    /// Puts questions to the resolver, and takes its answers. Returns the resolver, unless it has ended.
    mutating func follow(_ resolver: consuming ResolverProcess?, isCalled: Bool) -> ResolverProcess? {
        let now = Clock.milliseconds
        guard let resolver = resolver.take() else {
            names.follow([], at: now)
            return nil
        }
        if isCalled, !takeAnswers(of: resolver, at: now) {
            log.error("the resolver ended; names keep the addresses that they have until the tunnel starts again")
            resolver.end()
            return nil
        }
        names.ask(at: now) { resolver.ask($0) }
        return resolver
    }

    /// Takes all answers that are there, and lets packets go by them at once. Returns false when the resolver has ended.
    private mutating func takeAnswers(of resolver: borrowing ResolverProcess, at now: UInt64) -> Bool {
        var (hasMoved, lines) = (false, LineLimit())
        defer {
            if let rest = lines.rest { log.notice("and \(rest) more names") }
            if hasMoved {
                reorder()
                watch.lookAgain(at: now)
            }
        }
        while true {
            switch resolver.answer() {
            case .answer(let answer): if take(answer, &lines, at: now) { hasMoved = true }
            case .noneYet: return true
            case .over: return false
            }
        }
    }

    /// Returns whether a peer is somewhere else now.
    private mutating func take(_ answer: ResolverProcess.Answer, _ lines: inout LineLimit, at now: UInt64) -> Bool {
        switch answer.outcome {
        case .success(let address):
            names.answered(answer.name, found: true, at: now)
            unresolved.remove(answer.name)
            guard address.isUnicast else {
                if lines.allow() { log.warning("\(answer.name) leads to \(address), which is no single host's") }
                return false
            }
            let places = roster.learn(address, of: answer.name)
            if !places.isEmpty, lines.allow() { log.notice("\(answer.name) is \(address)") }
            for place in places { datapath.forgetWay(at: place) }
            return !places.isEmpty
        case .failure(let failure):
            let known = roster.places.contains { place in
                roster.members[place]?.host == answer.name && roster.members[place]?.address != nil
            }
            names.answered(answer.name, found: known, at: now)
            guard unresolved.insert(answer.name).inserted, lines.allow() else { return false }
            let outcome = known ? "any more: \(failure.why); the last one stays" : "yet: \(failure.why)"
            log.warning("\(answer.name) has no address \(outcome)")
            return false
        }
    }
}
