// SPDX-License-Identifier: Apache-2.0
/** Text to measure models on. */
package io.github.depthc.cli.calibration;
