// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Tells whether the kernel has nf_tables, without asking nf_tables: a question by netlink loads the module.
struct NFTablesPresence {
    /// The directory that stands for `/`.
    var root = ""

    /// False only where the kernel can load modules, has not loaded nf_tables, and has not been built with it.
    var isLoaded: Bool {
        if Files.exists("\(root)/sys/module/nf_tables") { return true }
        // Without it, the kernel loads no modules: a question changes nothing.
        guard let modules = try? Files.read("\(root)/proc/modules") else { return true }
        if modules.utf8.split(separator: UInt8(ascii: "\n")).contains(where: { $0.starts(with: "nf_tables ".utf8) }) {
            return true
        }
        if let release = try? Files.read("\(root)/proc/sys/kernel/osrelease"),
            let builtIn = try? Files.read("\(root)/lib/modules/\(release.filter { !$0.isWhitespace })/modules.builtin")
        {
            return builtIn.utf8.split(separator: UInt8(ascii: "\n")).contains { line in
                line.reversed().starts(with: "/nf_tables.ko".utf8.reversed())
            }
        }
        // In a container there may be no /lib/modules. The kernel lists its functions by name, those of modules too.
        guard let symbols = try? Files.read("\(root)/proc/kallsyms"), !symbols.isEmpty else { return true }
        return symbols.utf8.split(separator: UInt8(ascii: "\n")).contains { line in
            line.reversed().starts(with: " nft_do_chain".utf8.reversed())
        }
    }
}
