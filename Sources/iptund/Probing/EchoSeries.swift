// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Linux
internal import Wire

/// Questions of one echo socket, and which of them were answered. Nothing that arrives is believed without a question.
final class EchoSeries {
    private var socket: EchoSocket
    private var questions: [UInt16: Question] = [:]
    private var sequence: UInt16 = 0
    /// Replies that repeat no question, or come from somebody who was not asked.
    private(set) var odd = 0
    /// Replies to what was answered already.
    private(set) var duplicates = 0

    private struct Question {
        let echo: ICMPEcho
        let destination: IPv4Address
        let tag: Int
        let time: UInt64
        var isAnswered = false
    }

    /// A reply that is believed.
    struct Answer {
        /// What the question was marked with.
        let tag: Int
        let sequence: UInt16
        /// Microseconds.
        let roundTrip: UInt64
        let source: IPv4Address
        /// The number of the link that it came in by.
        let link: Int32
    }

    /// Octets of the IPv4 and ICMP headers together.
    static let headers = IPv4Packet.minimumHeaderLength + ICMPEcho.headerLength
    /// How long an ordinary question is, octets: like that of ping(8).
    static let length = 84

    /// Opens a socket: a raw one, or what an ordinary user may have.
    init(_ options: EchoSocket.Options) throws(Errno) {
        var options = options
        do throws(Errno) {
            socket = try EchoSocket(options)
        } catch .notPermitted {
            (options.kind, options.mark) = (.datagram, nil)
            socket = try EchoSocket(options)
        }
    }

    /// Something to wait for.
    var interest: Poll.Interest { .reading(socket.descriptor) }

    /// Sends a question that is `length` octets long as a packet, with a number in it that nobody can guess.
    func ask(
        _ destination: IPv4Address, from source: IPv4Address? = nil, by link: Int32? = nil, length: Int = length,
        tag: Int
    ) throws(Errno) {
        let echo = question(for: destination, length: length, tag: tag)
        do throws(Errno) {
            try socket.send(echo, to: destination, from: source, by: link)
        } catch {
            questions[echo.sequence] = nil
            throw error
        }
    }

    /// A question that somebody else sends.
    func question(for destination: IPv4Address, length: Int = length, tag: Int) -> ICMPEcho {
        sequence &+= 1
        let count = max(0, length - EchoSeries.headers)
        let nonce = (0..<min(count, 16)).map { _ in UInt8.random(in: 0 ... .max) }
        let echo = socket.request(sequence, payload: nonce + [UInt8](repeating: 0, count: count - nonce.count))
        questions[sequence] = Question(echo: echo, destination: destination, tag: tag, time: Clock.microseconds)
        return echo
    }

    /// The next reply that is believed; `nil` when there is none, or after many that are not.
    func answer() -> Answer? {
        for _ in 0..<EchoSeries.patience {
            guard let reply = (try? socket.receive()) ?? nil else { return nil }
            guard let question = questions[reply.echo.sequence], reply.echo.answers(question.echo),
                reply.source == question.destination
            else {
                odd += 1
                continue
            }
            guard !question.isAnswered else {
                duplicates += 1
                continue
            }
            questions[reply.echo.sequence]?.isAnswered = true
            return Answer(
                tag: question.tag, sequence: reply.echo.sequence,
                roundTrip: reply.time > question.time ? reply.time - question.time : 0, source: reply.source,
                link: reply.link)
        }
        return nil
    }

    /// The next ICMP error about a question, and what that was marked with.
    func error() -> (report: ICMPReport, tag: Int)? {
        guard let failure = (try? socket.nextError()) ?? nil, let question = questions[failure.sequence] else {
            return nil
        }
        return (failure.report, question.tag)
    }

    /// The sequence of the question that `octets`, a packet, answer; `nil` when it is none.
    func sequence(answeredBy octets: [UInt8]) -> UInt16? {
        guard let packet = try? IPv4Packet(octets.octets), let echo = ICMPEcho(in: packet),
            let question = questions[echo.sequence], echo.answers(question.echo)
        else { return nil }
        return echo.sequence
    }

    /// What the question of this sequence was marked with.
    func tag(of sequence: UInt16) -> Int? { questions[sequence]?.tag }

    private static let patience = 64
}
