// SPDX-License-Identifier: Apache-2.0
/** {@code depthc export}: a bundle back to a checkpoint. */
package io.github.depthc.cli.export;
