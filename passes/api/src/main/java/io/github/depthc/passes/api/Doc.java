// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What an option of a pass means, in a few words, on the component of the options' record; lists and references print it. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Doc {
    /** The words, without a full stop. */
    String value();
}
