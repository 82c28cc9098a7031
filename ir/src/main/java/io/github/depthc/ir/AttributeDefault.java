// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The value of an op kind's attribute where its text form has none, exactly as it is printed; an attribute of that value is not
 * printed. For attributes that a kind gets when texts of it exist already.
 */
@Target(ElementType.RECORD_COMPONENT)
@Retention(RetentionPolicy.RUNTIME)
public @interface AttributeDefault {
    /** The value's text. */
    String value();
}
