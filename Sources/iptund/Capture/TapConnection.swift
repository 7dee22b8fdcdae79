// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// A running tunnel that shows its packets.
struct TapConnection: ~Copyable {
    private let name: String
    private let socket: Owned<Descriptor>
    private var reader: TapReader
    /// What came together with the answer.
    private var first: [UInt8]
    /// Whether the tunnel sends nothing more.
    private(set) var isOver = false

    /// The most that is received at once, octets.
    private static let portion = 1 << 18

    /// Asks the tunnel `name` of this network namespace, or the one in `directory`, to show what `order` says.
    ///
    /// Of the packets that come after this has returned, those that are missing are counted.
    static func open(_ name: String, directory: String?, _ order: TapOrder) throws(Complaint) -> TapConnection {
        let (socket, answer) = try ask(name, directory, order)
        guard let end = answer.firstIndex(of: UInt8(ascii: "\n")),
            let decoded = ControlAnswer(json: Array(answer[..<end]))
        else { throw RunningTunnels.complaint(aboutUnreadable: name, .protocolError) }
        if let error = decoded.error {
            if decoded.code == .forbidden, order.kind == .sample {
                throw RunningTunnels.complaint(aboutUnreadable: name, .permissionDenied)
            }
            throw Complaint(
                "tunnel \(name) shows nothing", why: error,
                whatNow: decoded.code == .forbidden
                    ? "run it as root" : "see 'iptund capture --help'; is it of this version?")
        }
        return TapConnection(
            name: name, socket: socket, reader: TapReader(snapLength: order.snapLength),
            first: Array(answer[(end + 1)...]))
    }

    private init(name: String, socket: Owned<Descriptor>, reader: TapReader, first: [UInt8]) {
        self.name = name
        self.socket = socket
        self.reader = reader
        self.first = first
    }

    /// The first line of the answer, and what may have come with it.
    private static func ask(
        _ name: String, _ directory: String?, _ order: TapOrder
    ) throws(Complaint) -> (socket: Owned<Descriptor>, answer: [UInt8]) {
        for place in try TunnelFinder.directories(of: name, override: directory) {
            let question = ControlQuestion(place.controlSocket, order.line, to: .line)
            do throws(Errno) {
                let answer = try ControlConnection.ask(question)
                guard let socket = question.socket else { throw .connectionReset }
                return (socket, answer)
            } catch {
                if [.noSuchFile, .connectionRefused].contains(error) { continue }
                throw RunningTunnels.complaint(aboutUnreadable: name, error)
            }
        }
        throw RunningTunnels.complaint(about: name, directory: directory)
    }

    /// Ready when there is something to ``receive()``.
    var interest: Poll.Interest { .reading(socket.value) }

    /// Records that the tunnel lost because they were not received in time.
    var lost: UInt64 { reader.lost }

    /// What has come since, in the order of time; nothing when there is nothing, which ``isOver`` explains.
    /// - Throws: when it is something that no tunnel of this version sends.
    mutating func receive() throws(Complaint) -> [PacketRecord] {
        var octets = first
        first = []
        do throws(Errno) {
            if let more = try socket.value.receiveNow(limit: TapConnection.portion) {
                if more.isEmpty { isOver = true }
                octets += more
            }
        } catch {
            isOver = true
        }
        do throws(PacketRecord.Malformed) {
            let records = try reader.take(octets)
            return isOver ? records + reader.takeRest() : records
        } catch {
            throw Complaint(
                "tunnel \(name)", why: "sends what this program cannot read",
                whatNow: "is it of another version? start it again")
        }
    }

    /// Wants no more: what the tunnel has still comes, and then the end.
    func finish() { socket.value.finishSending() }
}
