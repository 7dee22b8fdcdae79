// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration
internal import Linux

/// `iptund down`: ends a tunnel, and takes back what it changed, whoever is left to do it.
struct Down: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End a tunnel and take back what it changed, also after a crash.",
        discussion: """
            A tunnel that runs ends by itself. What one left that was killed together with its keeper is taken back from \
            the list that it wrote. Doing it twice is fine. Exit status: 0 when nothing is left, 1 otherwise.
            """)

    @Argument(help: "The tunnel.")
    var name: String

    @Flag(help: "Print all changes; otherwise at most 20 of a kind.")
    var verbose = false

    @OptionGroup var location: RuntimeOption

    /// How long a tunnel may take to end, milliseconds.
    private static let patience: UInt64 = 10_000
    /// How long a lock is waited for before its holder is asked again, milliseconds.
    private static let moment: UInt64 = 50

    func run() throws {
        let echo = Echo(limit: verbose ? .max : 20) { standardError($0) }
        let directories = try TunnelFinder.directories(of: name, override: location.directory)
        var isDone = false
        for directory in directories where try Down.end(directory, echo) { isDone = true }
        // systemd runs it after every end, and the log should have one line about it, not two.
        guard !isDone, Down.supervisorsResult == nil else { return }
        print("\(name): nothing to do")
        for left in RunningTunnels.withKillSwitchAlone() where left != name {
            standardError("iptund: the kill switch of tunnel \(left) stands here: 'iptund down \(left)' lifts it")
        }
    }

    /// Ends what runs with `directory`, and takes back what is left. Returns whether there was anything.
    private static func end(_ directory: RuntimeDirectory, _ echo: Echo) throws(Complaint) -> Bool {
        var wasRunning = false
        guard let lock = try waitForEnd(of: directory, &wasRunning) else { return wasRunning }
        let wasLeft = try clear(directory, echo)
        lock.release()
        return wasRunning || wasLeft
    }

    /// What systemd says of the end to whom it runs by ExecStopPost.
    private static var supervisorsResult: String? { Environment.value("SERVICE_RESULT") }

    /// Where a supervisor stops a tunnel, or finds it dead, a kill switch stays for the next start.
    private static var extent: Reconciler.Extent { supervisorsResult == nil ? .everything : .allButKillSwitch }

    /// Takes back what is on the list that a tunnel left. Returns false when there was nothing.
    private static func clear(_ directory: RuntimeDirectory, _ echo: Echo) throws(Complaint) -> Bool {
        guard let testimony = try Testimony.read(directory.state), let place = try testimony.place(of: directory) else {
            directory.remove()
            return false
        }
        // One capability is all that it takes.
        do throws(Privileges.Failure) {
            if User.current.id != 0 { _ = try Privileges.reduce(to: [.netAdmin]) }
        } catch {
            throw Complaint("cannot give up privilege", why: "\(error)", whatNow: "please report this")
        }
        let state = testimony.believed(besides: directory, place.netlink)
        for step in testimony.state.steps where !state.steps.contains(step) && testimony.isMistrusted {
            standardError("iptund: left alone, since only uid \(testimony.author) says so: \(step.change.command.text)")
        }
        var reconciler = Reconciler(directory, state, isInFile: true)
        let outcome = reconciler.end(extent, place.netlink)
        echo.inside(place.name).commands(outcome.commands)
        for failure in outcome.failures { standardError("iptund: \(failure)") }
        guard let failure = outcome.failures.first else { return true }
        throw Complaint("tunnel \(state.name)", why: failure, whatNow: "'iptund down \(state.name)' tries again")
    }

    /// What asking a tunnel to end came to.
    private enum Reply {
        /// No daemon listens at the socket.
        case notListening
        /// It ends.
        case ending
        /// It will not, or does not say.
        case refusing(Complaint)
    }

    /// Asks the tunnel itself.
    private static func askToEnd(_ directory: RuntimeDirectory) -> Reply {
        let answer: ControlAnswer
        do throws(Errno) {
            answer = try ControlConnection.order(directory.controlSocket, "down")
        } catch .noSuchFile {
            return .notListening
        } catch .connectionRefused {
            return .notListening
        } catch  where [.connectionReset, .brokenPipe].contains(error) {
            // It was just ending, so it does what we want.
            return .ending
        } catch .permissionDenied {
            return .refusing(Complaint("tunnel \(directory.name)", .permissionDenied, whatNow: "run it as root"))
        } catch {
            return .refusing(
                Complaint(
                    "tunnel \(directory.name) does not answer", error,
                    whatNow: "see its process with 'fuser \(directory.lock)', end it with 'kill -9', and try again"))
        }
        guard let error = answer.error else { return .ending }
        let whatNow = answer.code == .forbidden ? "run it as root" : "see what listens there: 'ss -xlp'"
        return .refusing(Complaint("tunnel \(directory.name)", why: error.printable, whatNow: whatNow))
    }

    /// Asks the tunnel, and waits until it and its keeper are gone; `nil` when nothing at all is left of them.
    ///
    /// One that is just starting has its lock for a while before it can be asked. Whoever answers, or does not, without
    /// having the lock is no tunnel: what one left there is taken back all the same.
    private static func waitForEnd(
        of directory: RuntimeDirectory, _ wasRunning: inout Bool
    ) throws(Complaint) -> LockFile? {
        let deadline = Clock.milliseconds + patience
        while true {
            var refusal: Complaint?
            if !wasRunning {
                switch askToEnd(directory) {
                case .notListening: break
                case .ending: wasRunning = true
                case .refusing(let complaint): refusal = complaint
                }
            }
            do throws(Errno) {
                return try LockFile(directory.lock, timeoutMilliseconds: wasRunning ? patience : moment)
            } catch .noSuchFile {
                return nil
            } catch .wouldBlock {
                if let refusal { throw refusal }
                if !wasRunning, Clock.milliseconds < deadline { continue }
                throw Complaint(
                    "tunnel \(directory.name)", why: "somebody still holds \(directory.lock)",
                    whatNow: "see who with 'fuser \(directory.lock)', end it, and try again")
            } catch {
                throw refusal ?? Complaint("cannot lock \(directory.lock)", error, whatNow: "run it as root")
            }
        }
    }
}
