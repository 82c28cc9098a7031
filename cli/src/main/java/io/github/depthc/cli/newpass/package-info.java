// SPDX-License-Identifier: Apache-2.0
/** Maven projects for authors of passes. */
package io.github.depthc.cli.newpass;
