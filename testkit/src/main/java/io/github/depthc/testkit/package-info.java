// SPDX-License-Identifier: Apache-2.0
/**
 * What the author of a pass or an op kind tests with: text files as JUnit tests ({@link io.github.depthc.testkit.TextTests},
 * {@link io.github.depthc.testkit.VerifierTests}), logits before and after on ONNX Runtime ({@link io.github.depthc.testkit.ValueCheck}),
 * and random models ({@link io.github.depthc.testkit.RandomModels}, {@link io.github.depthc.testkit.Fuzzer}).
 */
package io.github.depthc.testkit;
