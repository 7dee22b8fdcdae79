// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Runs `body` with the path of a new, empty directory, which is removed afterwards with all that is in it.
func withTemporaryDirectory<Value>(_ body: (String) throws -> Value) throws -> Value {
    var template = Array("/var/tmp/iptund-unit.XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Errno.current }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { remove(path) }
    return try body(path)
}

private func remove(_ path: String) {
    // Of a symbolic link only the link: what it leads to is not ours.
    if Files.linkTarget(path) == nil { for entry in (try? Files.entries(path)) ?? [] { remove("\(path)/\(entry)") } }
    Files.remove(path)
    Files.removeDirectory(path)
}
