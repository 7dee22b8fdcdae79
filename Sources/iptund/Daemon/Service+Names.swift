// SPDX-License-Identifier: Apache-2.0

internal import Configuration
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
            let isSilent = places(of: answer.name).contains { silentNames.contains($0) }
            unresolved.remove(answer.name)
            let good = addresses.filter(\.isUnicast)
            strangeNames[answer.name] =
                good.isEmpty ? "its name leads to \(addresses[0]), which is no other host's" : nil
            var fields: Logger.Metadata = ["host": "\(answer.name)", "address": "\(good.first ?? addresses[0])"]
            guard !good.isEmpty else {
                names.answered(answer.name, found: true, at: now)
                watch.lookAgain(at: now)
                sayName("a name leads to an address that no single host has", .warning, answer, fields, at: now)
                return false
            }
            let lesson = roster.learn(good, of: answer.name)
            // Who is silent may be elsewhere soon: the answer is no news.
            names.answered(answer.name, found: !isSilent || !lesson.moved.isEmpty, at: now)
            if good.count > 1 { fields["others"] = "\(good.dropFirst().map(\.description).joined(separator: ","))" }
            if !lesson.moved.isEmpty { sayName("a name leads to this address now", .notice, answer, fields, at: now) }
            for place in lesson.moved {
                datapath.forgetWay(at: place)
                forgetLiveness(at: place)
                askKeeper(about: place)
            }
            return lesson.isNews || !lesson.moved.isEmpty
        case .failure(let failure):
            let known = roster.places.contains { place in
                roster.members[place]?.host == answer.name && roster.members[place]?.address != nil
            }
            names.answered(answer.name, found: false, at: now)
            for place in places(of: answer.name) where silentNames.isNotFound(place) { giveUp(place, at: now) }
            guard unresolved.insert(answer.name).inserted else { return false }
            let outcome = known ? "any more: \(failure.why); the last one stays" : "yet: \(failure.why)"
            sayName("a name has no address \(outcome)", .warning, answer, ["host": "\(answer.name)"], at: now)
            return false
        }
    }

    private func places(of host: String) -> [Int] { roster.places.filter { roster.members[$0]?.host == host } }

    /// Follows whether the peer by name at `place` answers: it may be at the next of its name's addresses, or its name may lead
    /// elsewhere by now.
    mutating func judgeName(of place: Int, isDown: Bool, at now: UInt64) {
        guard let host = roster.members[place]?.host else { return }
        guard isDown else {
            if silentNames.isBack(place) { askKeeper(about: place) }
            return
        }
        let isNew = !silentNames.contains(place)
        silentNames.isSilent(place)
        if isNew { names.askAgain(for: host, at: now) }
        guard let next = roster.advance(place) else { return }
        datapath.forgetWay(at: place)
        let isLost = silentNames.lost.contains(place)
        forgetLiveness(at: place)
        silentNames.isSilent(place)
        if isLost { _ = silentNames.isNotFound(place) } else { askKeeper(about: place) }
        reorder()
        watch.lookAgain(at: now)
        say(
            LogLine(
                topic: .name, level: .notice, text: "a peer is tried at the next address of its name",
                fields: ["host": "\(host)", "address": "\(next)"], about: host), at: now)
    }

    /// What is behind the peer at `place` is not routed any more: it does not answer, and its address is not known.
    private mutating func giveUp(_ place: Int, at now: UInt64) {
        switch keeper {
        case .some(let keeper): _ = keeper.tell(.unspecified, slot: place)
        case .none: return
        }
        questions.told()
        say(
            LogLine(
                topic: .name, level: .warning,
                text: settings.killSwitch == .off
                    ? "a peer does not answer, and its name is not found: what is behind it is not routed until one of both changes"
                    : "a peer does not answer, and its name is not found: questions for it leave beside the tunnel",
                fields: roster.fields(of: place), about: "given up", place: place), at: now)
    }

    private mutating func sayName(
        _ text: String, _ level: Logger.Level, _ answer: ResolverProcess.Answer, _ fields: Logger.Metadata,
        at now: UInt64
    ) {
        say(LogLine(topic: .name, level: level, text: text, fields: fields, about: answer.name), at: now)
    }
}
