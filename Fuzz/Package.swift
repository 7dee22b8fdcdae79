// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// What is fuzzed: each name is a folder of Sources, and a program. A new target is a folder, and its name here.
let targets = [
    "ipv4packet", "decapsulation", "encapsulation", "virtionetheader", "unfinished", "icmpquote", "segmentation",
    "fragmentation", "segmentsize", "coalescing", "configuration",
]

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error)]

// A package of its own, because nothing of it links without libFuzzer, which brings `main`: use scripts/fuzz.
let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "iptund", path: "..")],
    targets: [
        .systemLibrary(name: "CSanitizer"),
        .target(
            name: "FuzzSupport", dependencies: ["CSanitizer", .product(name: "Tunnel", package: "iptund")],
            swiftSettings: strict),
    ]
        + targets.map { name in
            .executableTarget(
                name: name, dependencies: ["FuzzSupport", .product(name: "Tunnel", package: "iptund")],
                swiftSettings: strict)
        }
)
