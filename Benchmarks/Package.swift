// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// What the comparison is held to: as the product's targets are.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// A package of its own, so that what benchmarks need never enters the product.
let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(name: "iptund", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: [
        .target(name: "CAllocations"),
        .executableTarget(
            name: "hotpath",
            dependencies: ["CAllocations", .product(name: "Tunnel", package: "iptund")],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),

        // What is pure: statistics, tables, pictures, and what programs print. Then what runs things.
        .target(name: "Comparison", swiftSettings: strict),
        .executableTarget(
            name: "compare",
            dependencies: ["Comparison", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict),
        .testTarget(name: "compareTests", dependencies: ["Comparison"], swiftSettings: strict),
    ]
)
