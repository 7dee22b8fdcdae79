// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// A child that asks for the addresses of names, which may take long, and needs files and libraries that the daemon must
/// not be able to reach.
///
/// It is forked before privilege goes, gives up its own, and knows nothing of the tunnel: a name goes in as one message, an
/// address or a reason comes out as one.
struct ResolverProcess: ~Copyable {
    /// Names out, answers in.
    let socket: Descriptor
    private let process: Fork

    /// What became of a question.
    struct Answer: Equatable {
        let name: String
        /// At least one address, if it has any.
        let outcome: Result<[IPv4Address], NameFailure>
    }

    /// Why a name has no address, in the words of the system's resolver.
    struct NameFailure: Error, Equatable {
        let why: String
    }

    /// How many names are asked for at once: one that nobody answers for takes ten seconds and more.
    private static let threads = 4

    /// What it can reach: configuration and libraries of the system's choice, wherever they are.
    static let files: [Landlock.Exception] = [.reading("/")]

    /// Forks the child. For a process with one thread.
    static func start(as user: User) throws(Errno) -> ResolverProcess {
        let pair = try UnixSocket.pair()
        let process = try Fork.start(keeping: [pair.second.rawValue]) { lifeline in
            guard (try? Privileges.drop(to: user)) != nil else { return }
            // What reads answers from the network writes nothing, above all not what others act upon.
            Confinement.confineChild(to: .resolver, files: files, mayTalk: true)
            for _ in 0..<threads {
                guard let socket = try? pair.second.duplicate() else { return }
                guard (try? Thread.start("resolve", Asking(socket: socket))) != nil else { return }
            }
            // With this process its threads end, whoever they are waiting for.
            lifeline.waitForEnd()
        }
        return ResolverProcess(socket: try pair.first.duplicate(), process: process)
    }

    private init(socket: consuming Descriptor, process: consuming Fork) {
        self.socket = socket
        self.process = process
    }

    /// Ends the child.
    consuming func end() { process.cut() }

    /// That an answer is there.
    var interest: Poll.Interest { .reading(socket) }

    /// Hands a name over. Returns whether there was room for it.
    func ask(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return (try? socket.send(bytes[...])) == bytes.count
    }

    /// Takes an answer.
    func answer() -> Reply {
        do throws(Errno) {
            guard let bytes = try socket.receiveNow(limit: ResolverProcess.messageLimit) else { return .noneYet }
            guard !bytes.isEmpty else { return .over }
            return Answer(bytes).map(Reply.answer) ?? .noneYet
        } catch {
            return .over
        }
    }

    /// What there is to take.
    enum Reply: Equatable {
        case answer(Answer)
        case noneYet
        /// The child is gone.
        case over
    }

    private static let messageLimit = 1_024

    /// One name after the other.
    private struct Asking: ~Copyable, ThreadWork {
        let socket: Descriptor

        consuming func run() throws(Errno) {
            while let bytes = try socket.receive(limit: ResolverProcess.messageLimit), !bytes.isEmpty {
                let name = String(decoding: bytes, as: UTF8.self)
                let answer: String
                do throws(Resolver.Failure) {
                    answer = try Resolver.addresses(of: name).map(\.description).joined(separator: " ")
                } catch {
                    answer = "!\(error)"
                }
                try socket.write(Array("\(name)\n\(answer)".utf8))
            }
        }
    }
}

extension ResolverProcess.Answer {
    /// Reads `NAME\nADDRESS ADDRESS...` or `NAME\n!REASON`.
    init?(_ bytes: [UInt8]) {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "\n", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        name = String(parts[0])
        let addresses = parts[1].split(separator: " ").map { IPv4Address($0) }
        if !addresses.isEmpty, addresses.count <= Resolver.most, !addresses.contains(nil) {
            outcome = .success(addresses.compactMap(\.self))
        } else {
            outcome = .failure(ResolverProcess.NameFailure(why: String(parts[1].drop { $0 == "!" })))
        }
    }
}
