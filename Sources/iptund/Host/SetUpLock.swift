// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// That one tunnel at a time looks at its host, plans, and changes it: what two would choose at once, both would choose.
///
/// A file that only root can open, so that nobody else can hold it. It goes when it is released; who waits for it notices.
struct SetUpLock: ~Copyable {
    private let lock: LockFile?
    private let path: String
    private let isHeld: Bool

    /// How long another one is waited for, milliseconds: it takes a tenth of a second, with thousands of peers some.
    private static let patience: UInt64 = 20_000

    /// Waits for the lock of the network namespace with this identity, wherever tunnels have their own files. Where there
    /// cannot be one, as for who is not root, it goes on without.
    /// - Throws: that somebody has held it for too long.
    static func take(in namespace: UInt64) throws(Complaint) -> SetUpLock {
        let path = "\(RuntimeDirectory.base)/.lock-\(namespace)"
        for _ in 0..<5 {
            do throws(Errno) {
                try Files.makeDirectory(RuntimeDirectory.base, mode: 0o755)
                return SetUpLock(lock: try LockFile(path, timeoutMilliseconds: patience), path: path)
            } catch .noSuchFile {
                continue  // The last tunnel removed the directory just now.
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
        Files.removeDirectory(RuntimeDirectory.base)
    }
}
