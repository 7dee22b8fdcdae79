// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// That one tunnel at a time looks at its host, plans, and changes it: what two would choose at once, both would choose.
///
/// A file in a directory that is closed to others, so that nobody else can hold it: that of the user iptund where the system
/// has one (`iptund.tmpfiles`), so that tunnels of root and of that user wait for each other; else root makes one, which goes
/// with the last lock. A file goes when it is released; who waits for it notices.
struct SetUpLock: ~Copyable {
    private let lock: LockFile?
    private let path: String
    private let isHeld: Bool

    /// How long another one is waited for, milliseconds: it takes a tenth of a second, with thousands of peers some.
    private static var patience: UInt64 { isOthers ? 5_000 : 20_000 }

    /// Where the locks are.
    static let directory = "\(RuntimeDirectory.base)/.locks"

    /// Waits for the lock of the network namespace with this identity, wherever tunnels have their own files. Where there
    /// cannot be one, as for who is neither root nor iptund, it goes on without.
    /// - Throws: that somebody has held it for too long.
    static func take(in namespace: UInt64) throws(Complaint) -> SetUpLock {
        let path = "\(directory)/\(namespace)"
        for _ in 0..<50 {
            do throws(Errno) {
                try makeDirectories()
                return SetUpLock(lock: try LockFile(path, timeoutMilliseconds: patience), path: path)
            } catch .noSuchFile where isRoot {
                continue  // The last one removed a directory just now.
            } catch .permissionDenied where Files.exists(path) {
                continue  // Root made it just now, and is about to give it to us.
            } catch .wouldBlock where isOthers {
                standardError("iptund: the lock \(path) has been held for \(patience / 1000) seconds: going on without")
                break
            } catch .wouldBlock {
                throw Complaint(
                    "cannot change the host", why: "another iptund has been at it for \(patience / 1000) seconds",
                    whatNow: "see which one with 'fuser \(path)'")
            } catch {
                break
            }
        }
        return SetUpLock(lock: nil, path: path)
    }

    private static var isRoot: Bool { User.current.id == 0 }

    /// Whether another user can hold it, who must not keep root from its work.
    private static var isOthers: Bool {
        guard isRoot, let owner = try? Files.status(directory).owner else { return false }
        return owner != 0
    }

    private static func makeDirectories() throws(Errno) {
        guard isRoot else { return }
        try Files.makeDirectory(RuntimeDirectory.base, mode: 0o755)
        try Files.makeDirectory(directory, mode: 0o700)
    }

    private init(lock: consuming LockFile?, path: String) {
        self.path = path
        isHeld = lock != nil
        self.lock = lock
    }

    /// Lets the next one go on; so does the end of the value.
    consuming func release() {}

    deinit {
        guard isHeld else { return }
        Files.remove(path)
        guard SetUpLock.isRoot else { return }
        if let owner = try? Files.status(SetUpLock.directory).owner, owner == 0 {
            Files.removeDirectory(SetUpLock.directory)
        }
        Files.removeDirectory(RuntimeDirectory.base)
    }
}
