// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// The Debian package that `make deb` made.
struct Package {
    /// Where what is in it lies, without having been installed.
    private let directory: String

    /// Where the file is.
    static var file: String {
        get throws { try #require(Environment.value("IPTUND_PACKAGE")) }
    }

    /// Takes it apart.
    static func extract() throws -> Package {
        var path = "/var/tmp/iptund-test.XXXXXX".utf8CString
        let directory = try unsafe path.withUnsafeMutableBufferPointer { path in
            guard let made = unsafe path.baseAddress.flatMap({ unsafe mkdtemp($0) }) else { throw Errno.current }
            return unsafe String(cString: made)
        }
        let package = Package(directory: directory)
        let words = ["dpkg-deb", "--extract", try file, directory]
        let ending = try ChildProcess.run(words)
        guard ending.status == 0 else {
            package.remove()
            throw CommandFailure(words: words, ending: ending)
        }
        Files.setMode(directory, 0o755)
        return package
    }

    /// The program.
    var program: String { "\(directory)/usr/sbin/iptund" }

    /// Clears it away.
    func remove() { _ = try? ChildProcess.run(["rm", "-r", directory]) }
}

extension Container {
    /// Installs the package.
    func install() throws {
        let words = ["cp", try Package.file, "\(root)/root/iptund.deb"]
        let ending = try ChildProcess.run(words)
        guard ending.status == 0 else { throw CommandFailure(words: words, ending: ending) }
        try shell("dpkg -i /root/iptund.deb")
    }
}
