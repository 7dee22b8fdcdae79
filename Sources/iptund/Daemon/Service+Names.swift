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
        var hasMoved = false
        defer {
            sayCounts(at: now)
            if hasMoved {
                reorder()
                watch.lookAgain(at: now)
            }
        }
        while true {
            switch resolver.answer() {
            case .answer(let answer): if take(answer, at: now) { hasMoved = true }
            case .noneYet: return true
            case .over: return false
            }
        }
    }

    /// Returns whether packets go, or may come from, somewhere else now.
    private mutating func take(_ answer: ResolverProcess.Answer, at now: UInt64) -> Bool {
        switch answer.outcome {
        case .success(let addresses):
            names.answered(answer.name, found: true, at: now)
            unresolved.remove(answer.name)
            let good = addresses.filter(\.isUnicast)
            var fields: Logger.Metadata = ["host": "\(answer.name)", "address": "\(good.first ?? addresses[0])"]
            guard !good.isEmpty else {
                sayName("a name leads to an address that no single host has", .warning, answer, fields, at: now)
                return false
            }
            let lesson = roster.learn(good, of: answer.name)
            if good.count > 1 { fields["others"] = "\(good.dropFirst().map(\.description).joined(separator: ","))" }
            if !lesson.moved.isEmpty { sayName("a name leads to this address now", .notice, answer, fields, at: now) }
            for place in lesson.moved {
                datapath.forgetWay(at: place)
                askKeeper(about: place)
            }
            return lesson.isNews || !lesson.moved.isEmpty
        case .failure(let failure):
            let known = roster.places.contains { place in
                roster.members[place]?.host == answer.name && roster.members[place]?.address != nil
            }
            names.answered(answer.name, found: false, at: now)
            guard unresolved.insert(answer.name).inserted else { return false }
            let outcome = known ? "any more: \(failure.why); the last one stays" : "yet: \(failure.why)"
            sayName("a name has no address \(outcome)", .warning, answer, ["host": "\(answer.name)"], at: now)
            return false
        }
    }

    private mutating func sayName(
        _ text: String, _ level: Logger.Level, _ answer: ResolverProcess.Answer, _ fields: Logger.Metadata,
        at now: UInt64
    ) {
        say(LogLine(topic: .name, level: level, text: text, fields: fields, about: answer.name), at: now)
    }
}
